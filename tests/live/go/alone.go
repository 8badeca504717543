// SPDX-License-Identifier: Apache-2.0

// alone.go - the Go client on one server.
package main

import (
	"fmt"
	"net"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samuel/go-zookeeper/zk"
)

var alone = []test{createReadChangeDelete, everyKindOfNode, watches,
	transactions, acl, manyAtOnceInOrder, lock, watchesOutliveAConnection,
	identitiesOutliveAConnection, expiry, goneWithoutAWord, closedAtWork,
	theServerIsKilled}

const timeout = 20 * time.Second

func createReadChangeDelete() {
	c := open(timeout)
	path, err := c.Create("/n", []byte("one"), 0, world)
	must(err)
	claim(path == "/n", "created %s", path)
	data, stat, err := c.Get("/n")
	must(err)
	claim(string(data) == "one" && stat.Version == 0 && stat.DataLength == 3,
		"%s %+v", data, stat)
	stat, err = c.Set("/n", []byte("2"), 0)
	must(err)
	claim(stat.Version == 1 && stat.Mzxid > stat.Czxid, "%+v", stat)
	_, err = c.Set("/n", []byte("3"), 0)
	wants(zk.ErrBadVersion, err)
	_, err = c.Create("/n", nil, 0, world)
	wants(zk.ErrNodeExists, err)
	_, err = c.Create("/n/c", nil, 0, world)
	must(err)
	wants(zk.ErrNotEmpty, c.Delete("/n", -1))
	children, stat, err := c.Children("/n")
	must(err)
	claim(fmt.Sprint(children) == "[c]" && stat.NumChildren == 1,
		"%v %+v", children, stat)
	must(c.Delete("/n/c", 0))
	must(c.Delete("/n", 1))
	there, _, err := c.Exists("/n")
	must(err)
	claim(!there, "a deleted node is there")
	_, _, err = c.Get("/n")
	wants(zk.ErrNoNode, err)
	path, err = c.Sync("/n")
	must(err)
	claim(path == "/n", "synced %s", path)
}

func everyKindOfNode() {
	a, b := open(timeout), open(timeout)
	_, err := a.Create("/k", nil, 0, world)
	must(err)
	path, err := a.Create("/k/s-", nil, zk.FlagSequence, world)
	must(err)
	claim(path == "/k/s-0000000000", "created %s", path)
	_, err = a.Create("/k/e", nil, zk.FlagEphemeral, world)
	must(err)
	path, err = a.CreateProtectedEphemeralSequential("/k/p-", nil, world)
	must(err)
	there, stat, err := b.Exists(path)
	must(err)
	claim(there && stat.EphemeralOwner == a.SessionID(), "%+v", stat)
	_, err = a.Create("/k/e/c", nil, 0, world)
	wants(zk.ErrNoChildrenForEphemerals, err)
	a.Close()
	until("the ephemerals go", func() bool {
		children, _, err := b.Children("/k")
		must(err)
		return len(children) == 1
	})
}

func watches() {
	a, b := open(timeout), open(timeout)
	there, _, created, err := a.ExistsW("/w")
	must(err)
	claim(!there, "/w is there")
	_, err = b.Create("/w", nil, 0, world)
	must(err)
	claim(event(created).Type == zk.EventNodeCreated, "no creation")
	_, _, changed, err := a.GetW("/w")
	must(err)
	_, err = b.Set("/w", []byte("x"), -1)
	must(err)
	claim(event(changed).Type == zk.EventNodeDataChanged, "no change")
	_, _, child, err := a.ChildrenW("/w")
	must(err)
	_, err = b.Create("/w/c", nil, 0, world)
	must(err)
	claim(event(child).Type == zk.EventNodeChildrenChanged, "no child")
	_, _, deleted, err := a.ExistsW("/w/c")
	must(err)
	must(b.Delete("/w/c", -1))
	e := event(deleted)
	claim(e.Type == zk.EventNodeDeleted && e.Path == "/w/c", "%+v", e)
}

func transactions() {
	c := open(timeout)
	_, err := c.Create("/t", nil, 0, world)
	must(err)
	results, err := c.Multi(
		&zk.CreateRequest{Path: "/t/a", Data: []byte("a"), Acl: world},
		&zk.SetDataRequest{Path: "/t", Data: []byte("1"), Version: 0},
		&zk.CheckVersionRequest{Path: "/t", Version: 1})
	must(err)
	claim(len(results) == 3 && results[0].String == "/t/a" &&
		results[1].Stat.Version == 1, "%+v", results)
	results, err = c.Multi(&zk.DeleteRequest{Path: "/t/a", Version: -1},
		&zk.DeleteRequest{Path: "/t/none", Version: -1})
	wants(zk.ErrNoNode, err)
	claim(len(results) == 2 && results[1].Error == zk.ErrNoNode,
		"%+v", results)
	there, _, err := c.Exists("/t/a")
	must(err)
	claim(there, "half a transaction was done")
}

func acl() {
	ann, bob := open(timeout), open(timeout)
	must(ann.AddAuth("digest", []byte("ann:secret")))
	_, err := ann.Create("/a", []byte("private"), 0, zk.AuthACL(zk.PermAll))
	must(err)
	_, _, err = bob.Get("/a")
	wants(zk.ErrNoAuth, err)
	list, _, err := ann.GetACL("/a")
	must(err)
	claim(fmt.Sprint(list) == fmt.Sprint(
		zk.DigestACL(zk.PermAll, "ann", "secret")), "%v", list)
	must(bob.AddAuth("digest", []byte("ann:secret")))
	data, _, err := bob.Get("/a")
	must(err)
	claim(string(data) == "private", "%s", data)
	_, err = ann.SetACL("/a", zk.WorldACL(zk.PermRead), 0)
	must(err)
	_, err = ann.Set("/a", nil, -1)
	wants(zk.ErrNoAuth, err)
}

// A connection's requests are in flight together; all are answered, each with
// its own answer, and the server takes them in the order they were sent.
func manyAtOnceInOrder() {
	c := open(timeout)
	_, err := c.Create("/m", nil, 0, world)
	must(err)
	var all sync.WaitGroup
	var guard sync.Mutex
	versions := []int{}
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			last := int32(-1)
			for n := 0; n < 20; n++ {
				stat, err := c.Set("/m", nil, -1)
				if err != nil || stat.Version <= last {
					return // versions tell
				}
				last = stat.Version
				guard.Lock()
				versions = append(versions, int(last))
				guard.Unlock()
			}
		}()
	}
	all.Wait()
	sort.Ints(versions)
	claim(len(versions) == 1000, "%d answers", len(versions))
	for i, version := range versions {
		claim(version == i+1, "version %d is missing", i+1)
	}
}

func lock() {
	var all sync.WaitGroup
	inside, most, turns := 0, 0, 0
	for i := 0; i < 5; i++ {
		l := zk.NewLock(open(timeout).Conn, "/lock/deep", world)
		all.Add(1)
		go func() {
			defer all.Done()
			for n := 0; n < 10 && l.Lock() == nil; n++ {
				inside++ // that the lock is one is what we test
				if inside > most {
					most = inside
				}
				turns++
				inside--
				if l.Unlock() != nil {
					return
				}
			}
		}()
	}
	all.Wait()
	claim(turns == 50 && most == 1, "%d turns, %d at once", turns, most)
}

// What changed while nobody was connected is told at once, the other watches
// stand: the client sends them all again.
func watchesOutliveAConnection() {
	a, b := open(timeout), open(timeout)
	for _, path := range []string{"/o", "/o/gone", "/o/data", "/o/still"} {
		_, err := b.Create(path, nil, 0, world)
		must(err)
	}
	session := a.SessionID()
	_, _, gone, err := a.GetW("/o/gone")
	must(err)
	_, _, data, err := a.GetW("/o/data")
	must(err)
	_, _, still, err := a.GetW("/o/still")
	must(err)
	_, _, created, err := a.ExistsW("/o/new")
	must(err)
	_, _, child, err := a.ChildrenW("/o")
	must(err)

	a.cut()
	must(b.Delete("/o/gone", -1))
	_, err = b.Set("/o/data", []byte("x"), -1)
	must(err)
	_, err = b.Create("/o/new", nil, 0, world)
	must(err)
	a.mend()

	claim(event(gone).Type == zk.EventNodeDeleted, "no deletion")
	claim(event(data).Type == zk.EventNodeDataChanged, "no change")
	claim(event(created).Type == zk.EventNodeCreated, "no creation")
	claim(event(child).Type == zk.EventNodeChildrenChanged, "no child")
	silent(still)
	_, err = b.Set("/o/still", []byte("x"), -1)
	must(err)
	claim(event(still).Type == zk.EventNodeDataChanged, "no later change")
	claim(a.SessionID() == session, "another session")
}

// The client sends its identities again before anything else.
func identitiesOutliveAConnection() {
	c := open(timeout)
	must(c.AddAuth("digest", []byte("ann:secret")))
	must(c.AddAuth("digest", []byte("bob:secret")))
	_, err := c.Create("/i", []byte("x"), 0,
		zk.DigestACL(zk.PermAll, "bob", "secret"))
	must(err)
	for i := 0; i < 5; i++ {
		c.cut()
		c.mend()
		again("it reads", func() error {
			_, _, err := c.Get("/i")
			return err
		})
	}
}

func expiry() {
	a, b := open(time.Second), open(timeout)
	_, err := a.Create("/x", nil, zk.FlagEphemeral, world)
	must(err)
	there, _, deleted, err := b.ExistsW("/x")
	must(err)
	claim(there, "no ephemeral")
	_, _, orphan, err := a.GetW("/x")
	must(err)
	old := a.SessionID()
	a.cut()
	claim(event(deleted).Type == zk.EventNodeDeleted, "no deletion")
	a.mend()
	claim(event(orphan).Err == zk.ErrSessionExpired, "no expiry")
	a.awaitSession()
	claim(a.SessionID() != 0 && a.SessionID() != old, "the same session")
	there, _, err = a.Exists("/x")
	must(err)
	claim(!there, "an ephemeral of a session that expired")
}

// The client's process dies: its session lives until it expires.
func goneWithoutAWord() {
	a, b := open(time.Second), open(timeout)
	_, err := a.Create("/g", nil, zk.FlagEphemeral, world)
	must(err)
	_, _, deleted, err := b.ExistsW("/g")
	must(err)
	line, err := net.Dial("tcp", hosts[0]) // and one that never says anything
	must(err)
	line.Close()
	a.cut()
	silent(deleted)
	claim(event(deleted).Type == zk.EventNodeDeleted, "no deletion")
}

// Close goes out behind requests in flight: those that were answered are done,
// and with the answer to Close the session is gone.
func closedAtWork() {
	watcher := open(timeout)
	_, err := watcher.Create("/c", nil, 0, world)
	must(err)
	for i := 0; i < 20; i++ {
		c := open(timeout)
		_, err := c.Create("/c/e", nil, zk.FlagEphemeral, world)
		must(err)
		_, before, err := watcher.Get("/c")
		must(err)
		answered := int32(0)
		for n := 0; n < 100; n++ {
			go func() { // the library forgets what was queued behind Close
				if _, err := c.Set("/c", nil, -1); err == nil {
					atomic.AddInt32(&answered, 1)
				}
			}()
		}
		c.Close()
		there, _, err := watcher.Exists("/c/e")
		must(err)
		claim(!there, "the ephemeral of a closed session")
		_, after, err := watcher.Get("/c")
		must(err)
		done := after.Version - before.Version
		claim(done >= atomic.LoadInt32(&answered), "%d of %d sets", done,
			answered)
	}
}

func theServerIsKilled() {
	c := open(timeout)
	session := c.SessionID()
	_, err := c.Create("/killed", nil, zk.FlagEphemeral, world)
	must(err)
	_, _, watch, err := c.ExistsW("/killed/never")
	must(err)
	server("kill")
	server("start")
	again("it is back", func() error {
		_, err := c.Set("/killed", []byte("x"), 0)
		return err
	})
	silent(watch)
	claim(c.SessionID() == session, "another session")
}
