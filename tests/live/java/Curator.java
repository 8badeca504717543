// SPDX-License-Identifier: Apache-2.0
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;

/** Apache Curator's recipes as Debian ships them. */
public final class Curator {
    private Curator() {
    }

    private static CuratorFramework open(String test, int sessionMs)
        throws Exception {
        CuratorFramework c = CuratorFrameworkFactory.builder()
            .connectString(Check.HOSTS).namespace("curator-" + test)
            .sessionTimeoutMs(sessionMs).connectionTimeoutMs(10000)
            .retryPolicy(new RetryForever(100)).build();
        c.start();
        Check.that(c.blockUntilConnected(15, TimeUnit.SECONDS), "connected");
        return c;
    }

    private static CuratorFramework open(String test) throws Exception {
        return open(test, 20000);
    }

    private static long session(CuratorFramework c) throws Exception {
        return c.getZookeeperClient().getZooKeeper().getSessionId();
    }

    /** Counts who is inside at once, and remembers the most. */
    private static final class Inside {
        final AtomicInteger now = new AtomicInteger();
        final AtomicInteger most = new AtomicInteger();
        final AtomicInteger times = new AtomicInteger();

        void enter() throws Exception {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            times.incrementAndGet();
            Thread.sleep(2);
            now.decrementAndGet();
        }
    }

    public static void mutexAmongClients() throws Exception {
        Inside inside = new Inside();
        Check.inThreads(5, i -> () -> {
            try (CuratorFramework c = open("mutex")) {
                InterProcessMutex m = new InterProcessMutex(c, "/lock");
                for (int k = 0; k < 10; k++) {
                    Check.that(m.acquire(30, TimeUnit.SECONDS), "the lock");
                    m.acquire();
                    inside.enter();
                    m.release();
                    m.release();
                }
            }
        });
        Check.equal(1, inside.most.get());
        Check.equal(50, inside.times.get());
    }

    public static void mutexOfAClientThatEnds() throws Exception {
        try (CuratorFramework b = open("ends")) {
            CuratorFramework a = open("ends");
            new InterProcessMutex(a, "/lock").acquire();
            InterProcessMutex m = new InterProcessMutex(b, "/lock");
            Check.that(!m.acquire(300, TimeUnit.MILLISECONDS), "it is held");
            a.close();
            Check.that(m.acquire(10, TimeUnit.SECONDS), "it is free");
            m.release();
        }
    }

    public static void mutexWhileTheServerIsKilled() throws Exception {
        Inside inside = new Inside();
        CountDownLatch over = new CountDownLatch(1);
        Check.inThreads(4, i -> () -> {
            if (i == 3) {
                for (int k = 0; k < 2; k++) {
                    Thread.sleep(400);
                    Check.server("kill");
                    Check.server("start");
                }
                Thread.sleep(500);
                over.countDown();
                return;
            }
            try (CuratorFramework c = open("killed")) {
                InterProcessMutex m = new InterProcessMutex(c, "/lock");
                while (over.getCount() > 0) {
                    m.acquire();
                    inside.enter();
                    m.release();
                }
            }
        });
        Check.equal(1, inside.most.get());
        Check.that(inside.times.get() > 10, "they went on");
    }

    public static void readWriteLock() throws Exception {
        try (CuratorFramework a = open("rw"); CuratorFramework b = open("rw")) {
            InterProcessReadWriteLock la = new InterProcessReadWriteLock(a,
                "/rw");
            InterProcessReadWriteLock lb = new InterProcessReadWriteLock(b,
                "/rw");
            la.readLock().acquire();
            Check.that(lb.readLock().acquire(5, TimeUnit.SECONDS), "two");
            lb.readLock().release();
            Check.that(!lb.writeLock().acquire(200, TimeUnit.MILLISECONDS),
                "no writer beside a reader");
            la.readLock().release();
            Check.that(lb.writeLock().acquire(5, TimeUnit.SECONDS), "alone");
            lb.writeLock().release();
        }
    }

    public static void semaphore() throws Exception {
        Inside inside = new Inside();
        Check.inThreads(5, i -> () -> {
            try (CuratorFramework c = open("semaphore")) {
                InterProcessSemaphoreV2 s = new InterProcessSemaphoreV2(c,
                    "/s", 2);
                for (int k = 0; k < 6; k++) {
                    Lease lease = s.acquire();
                    inside.enter();
                    s.returnLease(lease);
                }
            }
        });
        Check.that(inside.most.get() <= 2, "at most two");
        Check.equal(30, inside.times.get());
    }

    public static void leaderLatch() throws Exception {
        List<CuratorFramework> clients = new ArrayList<>();
        List<LeaderLatch> latches = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            clients.add(open("latch"));
            latches.add(new LeaderLatch(clients.get(i), "/latch", "id" + i));
            latches.get(i).start();
        }
        for (int left = 4; left > 0; left--) {
            Check.until("one leads", () -> latches.stream()
                .filter(LeaderLatch::hasLeadership).count() == 1);
            LeaderLatch leader = latches.stream()
                .filter(LeaderLatch::hasLeadership).findFirst().get();
            Check.equal(leader.getId(), latches.get(0).getLeader().getId());
            int want = left;
            Check.until("all take part",
                () -> leader.getParticipants().size() == want);
            int i = latches.indexOf(leader);
            if (left % 2 == 0) {
                leader.close();
                clients.remove(i).close();
            } else {
                clients.remove(i).close();
            }
            latches.remove(i);
        }
    }

    public static void leaderSelector() throws Exception {
        Inside inside = new Inside();
        Set<String> led = ConcurrentHashMap.newKeySet();
        List<CuratorFramework> clients = new ArrayList<>();
        List<LeaderSelector> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            CuratorFramework c = open("selector");
            String id = "id" + i;
            LeaderSelector s = new LeaderSelector(c, "/leader",
                new LeaderSelectorListenerAdapter() {
                    @Override
                    public void takeLeadership(CuratorFramework f)
                        throws Exception {
                        led.add(id);
                        inside.enter();
                    }
                });
            s.setId(id);
            s.autoRequeue();
            s.start();
            clients.add(c);
            all.add(s);
        }
        Check.until("everybody led", () -> led.size() == 4);
        Check.until("again and again", () -> inside.times.get() >= 12);
        all.forEach(LeaderSelector::close);
        clients.forEach(CuratorFramework::close);
        Check.equal(1, inside.most.get());
    }

    private static Map<String, String> walk(CuratorFramework c, String path)
        throws Exception {
        Map<String, String> all = new TreeMap<>();
        byte[] data;
        try {
            data = c.getData().forPath(path);
        } catch (KeeperException.NoNodeException e) {
            return all;
        }
        all.put(path, new String(data));
        for (String child : c.getChildren().forPath(path)) {
            all.putAll(walk(c, path + "/" + child));
        }
        return all;
    }

    private static Map<String, String> cached(CuratorCache cache) {
        Map<String, String> all = new TreeMap<>();
        cache.stream().forEach(
            d -> all.put(d.getPath(), new String(d.getData())));
        return all;
    }

    /** A deep tree, changed, removed and made again, and never out of step. */
    public static void cacheOfADeepTree() throws Exception {
        try (CuratorFramework c = open("cache");
            CuratorFramework w = open("cache")) {
            String top = "/tree";
            for (int i = 0; i < 8; i++) {
                for (int k = 0; k < 5; k++) {
                    w.create().creatingParentsIfNeeded().forPath(top + "/a" + i
                        + "/b/c/d/e/f" + k, ("v" + k).getBytes());
                }
            }
            CountDownLatch filled = new CountDownLatch(1);
            AtomicInteger created = new AtomicInteger();
            AtomicInteger deleted = new AtomicInteger();
            CuratorCache cache = CuratorCache.build(c, top);
            cache.listenable().addListener(CuratorCacheListener.builder()
                .forInitialized(filled::countDown)
                .forCreates(d -> created.incrementAndGet())
                .forDeletes(d -> deleted.incrementAndGet()).build());
            cache.start();
            Check.that(filled.await(20, TimeUnit.SECONDS), "filled");
            Check.equal(walk(w, top), cached(cache));
            Random random = new Random(7);
            for (int round = 0; round < 6; round++) {
                for (int n = 0; n < 40; n++) {
                    change(w, random, top);
                }
                Map<String, String> want = walk(w, top);
                Check.until("the cache follows, round " + round,
                    () -> want.equals(cached(cache)));
            }
            Check.that(created.get() > 80 && deleted.get() > 10, "events "
                + created + " " + deleted);
            w.delete().deletingChildrenIfNeeded().forPath(top);
            Check.until("empty", () -> cached(cache).isEmpty());
            w.create().creatingParentsIfNeeded().forPath(top + "/again/x",
                "y".getBytes());
            Check.until("made again",
                () -> cached(cache).equals(walk(w, top)));
            cache.close();
        }
    }

    private static void change(CuratorFramework w, Random random, String top)
        throws Exception {
        String sub = top + "/a" + random.nextInt(8);
        String leaf = sub + "/b/c/d/e/f" + random.nextInt(5);
        switch (random.nextInt(6)) {
        case 0:
            w.delete().quietly().deletingChildrenIfNeeded().forPath(sub);
            break;
        case 1:
            w.delete().quietly().deletingChildrenIfNeeded()
                .forPath(sub + "/b/c");
            break;
        default:
            w.create().orSetData().creatingParentsIfNeeded().forPath(leaf,
                ("r" + random.nextInt()).getBytes());
        }
    }

    public static void cacheOverAServersEnd() throws Exception {
        try (CuratorFramework c = open("over");
            CuratorFramework w = open("over")) {
            w.create().creatingParentsIfNeeded().forPath("/t/a/b",
                "1".getBytes());
            CuratorCache cache = CuratorCache.build(c, "/t");
            cache.start();
            Check.until("filled", () -> cached(cache).size() == 3);
            long session = session(c);
            Check.server("kill");
            Check.server("start");
            w.setData().forPath("/t/a/b", "2".getBytes());
            w.create().forPath("/t/a/c", "new".getBytes());
            w.delete().forPath("/t/a/b");
            Map<String, String> want = walk(w, "/t");
            Check.until("in step again", () -> want.equals(cached(cache)));
            Check.equal(session, session(c));
            cache.close();
        }
    }

    public static void persistentNodes() throws Exception {
        try (CuratorFramework c = open("pn"); CuratorFramework w = open("pn")) {
            PersistentNode node = new PersistentNode(c, CreateMode.EPHEMERAL,
                false, "/node", "data".getBytes());
            node.start();
            Check.that(node.waitForInitialCreate(10, TimeUnit.SECONDS), "is");
            for (int i = 0; i < 5; i++) {
                w.delete().forPath("/node");
                Check.until("made again",
                    () -> w.checkExists().forPath("/node") != null);
            }
            Check.server("kill");
            Check.server("start");
            Check.until("still there",
                () -> w.checkExists().forPath("/node") != null);
            Check.equal("data", new String(w.getData().forPath("/node")));
            node.setData("other".getBytes());
            Check.until("changed", () -> "other".equals(
                new String(w.getData().forPath("/node"))));
            node.close();
            Check.until("gone", () -> w.checkExists().forPath("/node") == null);
        }
    }

    public static void ttlNodeIsTouched() throws Exception {
        try (CuratorFramework c = open("ttl")) {
            PersistentTtlNode node = new PersistentTtlNode(c, "/ttl", 1500,
                "x".getBytes());
            node.start();
            Check.that(node.waitForInitialCreate(10, TimeUnit.SECONDS), "is");
            Thread.sleep(3500);
            Check.that(c.checkExists().forPath("/ttl") != null, "touched");
            node.close();
            Check.until("gone", () -> c.checkExists().forPath("/ttl") == null);
        }
    }

    public static void groupMembers() throws Exception {
        try (CuratorFramework a = open("group");
            CuratorFramework b = open("group")) {
            GroupMember ma = new GroupMember(a, "/group", "a");
            GroupMember mb = new GroupMember(b, "/group", "b");
            ma.start();
            mb.start();
            Check.until("two", () -> new TreeSet<>(ma.getCurrentMembers()
                .keySet()).equals(new TreeSet<>(Set.of("a", "b"))));
            mb.close();
            Check.until("one", () -> ma.getCurrentMembers().size() == 1);
            ma.close();
        }
    }

    public static void transactions() throws Exception {
        try (CuratorFramework c = open("tx")) {
            c.create().forPath("/a", "0".getBytes());
            CuratorOp make = c.transactionOp().create().forPath("/b",
                "b".getBytes());
            CuratorOp set = c.transactionOp().setData().withVersion(0)
                .forPath("/a", "1".getBytes());
            CuratorOp check = c.transactionOp().check().withVersion(1)
                .forPath("/a");
            List<CuratorTransactionResult> r = c.transaction().forOperations(
                make, set, check);
            Check.equal(3, r.size());
            Check.equal("/b", r.get(0).getResultPath());
            Check.equal(1, r.get(1).getResultStat().getVersion());
            Check.fails(KeeperException.BadVersionException.class,
                () -> c.transaction().forOperations(
                    c.transactionOp().delete().forPath("/b"),
                    c.transactionOp().check().withVersion(9).forPath("/a")));
            Check.that(c.checkExists().forPath("/b") != null, "as a whole");
        }
    }

    public static void protectedCreate() throws Exception {
        try (CuratorFramework c = open("protected")) {
            String path = c.create().creatingParentContainersIfNeeded()
                .withProtection().withMode(CreateMode.EPHEMERAL_SEQUENTIAL)
                .forPath("/p/n-");
            Check.that(path.matches("/p/_c_[0-9a-f-]{36}-n-\\d{10}"), path);
        }
    }

    public static void countersAndBarriers() throws Exception {
        Check.inThreads(4, i -> () -> {
            try (CuratorFramework c = open("counters")) {
                DistributedDoubleBarrier b = new DistributedDoubleBarrier(c,
                    "/barrier", 4);
                Check.that(b.enter(20, TimeUnit.SECONDS), "all entered");
                DistributedAtomicLong n = new DistributedAtomicLong(c, "/n",
                    new org.apache.curator.retry.RetryNTimes(1000, 2));
                for (int k = 0; k < 20; k++) {
                    Check.that(n.increment().succeeded(), "counted");
                }
                Check.that(b.leave(20, TimeUnit.SECONDS), "all left");
                Check.equal(80L, n.get().postValue());
            }
        });
        try (CuratorFramework a = open("shared");
            CuratorFramework b = open("shared")) {
            SharedCount ca = new SharedCount(a, "/count", 5);
            SharedCount cb = new SharedCount(b, "/count", 5);
            ca.start();
            cb.start();
            ca.setCount(9);
            Check.until("seen", () -> cb.getCount() == 9);
            ca.close();
            cb.close();
        }
    }

    /** The server is away for longer than the session's timeout. */
    public static void sessionLivesWhenTheServerWasAway() throws Exception {
        try (CuratorFramework c = open("away", 2000)) {
            List<ConnectionState> seen = new ArrayList<>();
            c.getConnectionStateListenable().addListener(
                (f, s) -> seen.add(s));
            long session = session(c);
            c.create().withMode(CreateMode.EPHEMERAL).forPath("/e");
            Check.server("kill");
            Thread.sleep(300);
            Check.server("start");
            Check.until("reconnected",
                () -> seen.contains(ConnectionState.RECONNECTED));
            Check.equal(session, session(c));
            Check.equal(session,
                c.checkExists().forPath("/e").getEphemeralOwner());
        }
    }

    public static void main(String[] only) {
        Check.all(Curator.class, "curator", only);
    }
}
