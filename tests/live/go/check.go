// SPDX-License-Identifier: Apache-2.0

// check.go - runs tests, prints a line for each, as all of tests/live do; the
// servers beside us.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"time"
)

const (
	soon      = 10 * time.Second // for anything that should happen at once
	testLimit = 90 * time.Second // a test that takes longer hangs
)

type test func()

// failure is what a test panics with.
type failure string

func fail(format string, args ...interface{}) {
	panic(failure(fmt.Sprintf(format, args...)))
}

func claim(fact bool, format string, args ...interface{}) {
	if !fact {
		fail(format, args...)
	}
}

// must is for calls that may not fail.
func must(err error) {
	if err != nil {
		fail("%v at %s", err, caller())
	}
}

func wants(wanted, err error) {
	if err != wanted {
		fail("%v, not %v, at %s", err, wanted, caller())
	}
}

func caller() string {
	_, file, line, _ := runtime.Caller(2)
	return fmt.Sprintf("%s:%d", file[strings.LastIndex(file, "/")+1:], line)
}

func until(what string, claim func() bool) {
	for end := time.Now().Add(soon); !claim(); {
		if time.Now().After(end) {
			fail("not within %v: %s", soon, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// server acts on the servers beside us: kill, start; an ensemble's take the
// member's name, too.
func server(verb string, who ...string) {
	args := append([]string{os.Getenv("ZK_SERVER"), verb,
		os.Getenv("ZK_DIR")}, who...)
	command := exec.Command("/usr/bin/python3", args...)
	command.Stderr = os.Stderr
	must(command.Run())
}

func nameOf(t test) string {
	name := runtime.FuncForPC(reflect.ValueOf(t).Pointer()).Name()
	return strings.TrimPrefix(name, "main.")
}

// run gives the reason of a failure, or "".
func run(t test) string {
	done := make(chan string, 1)
	go func() {
		defer func() {
			why := ""
			if r := recover(); r != nil {
				f, isOurs := r.(failure)
				if !isOurs {
					panic(r)
				}
				why = string(f)
			}
			done <- why
		}()
		t()
	}()
	select {
	case why := <-done:
		return why
	case <-time.After(testLimit):
		return fmt.Sprintf("no end after %v", testLimit)
	}
}

func runAll(prefix string, tests []test) bool {
	good := true
	for _, t := range tests {
		begin := time.Now()
		word, why := "ok", run(t)
		if why != "" {
			word, good = "not ok", false
			why = " " + strings.ReplaceAll(why, "\n", " ")
		}
		fmt.Printf("%s %s.%s %.2f%s\n", word, prefix, nameOf(t),
			time.Since(begin).Seconds(), why)
		closeAll()
	}
	return good
}

func main() {
	tests := map[string][]test{"go": alone, "go_ensemble": together}[os.Args[1]]
	if !runAll(os.Args[1], tests) {
		os.Exit(1)
	}
}
