def main(cases): return 0
def quick(): return []
