// SPDX-License-Identifier: Apache-2.0

// together.go - the Go client on an ensemble whose members come and go.
package main

import (
	"strconv"
	"sync"
	"time"

	"github.com/samuel/go-zookeeper/zk"
)

var together = []test{sessionMoves, watchesMove, lockWhileLeadersGo}

// The library misses a server that stands still after two thirds of it.
const shortTimeout = 4 * time.Second

// theOthers are the members without one.
func theOthers(one string) []string {
	others := []string{}
	for _, host := range hosts {
		if host != one {
			others = append(others, host)
		}
	}
	return others
}

// Each end of the member that a client is at: the session is the same on the
// next one, with its ephemeral, and the identities are there before they are
// needed.
func sessionMoves() {
	for _, verb := range []string{"kill", "stop", "freeze"} {
		c := open(shortTimeout)
		must(c.AddAuth("digest", []byte("ann:secret")))
		session, at := c.SessionID(), c.Server()
		path := "/moves-" + verb
		_, err := c.Create(path, nil, zk.FlagEphemeral, zk.AuthACL(zk.PermAll))
		must(err)
		server(verb, at)
		again("it moved after "+verb, func() error {
			_, err := c.Set(path, []byte("x"), -1)
			return err
		})
		claim(c.Server() != at, "it is where it was")
		claim(c.SessionID() == session, "another session")
		server("mend")
		_, stat, err := c.Get(path)
		must(err)
		claim(stat.EphemeralOwner == session, "another's ephemeral")
		c.Close()
	}
}

// The changes are made through others, while the client has no connection.
func watchesMove() {
	a := open(timeout)
	at := a.Server()
	b := open(timeout, theOthers(at)...)
	for _, path := range []string{"/v", "/v/gone", "/v/data", "/v/still"} {
		_, err := b.Create(path, nil, 0, world)
		must(err)
	}
	_, err := a.Sync("/v")
	must(err)
	_, _, gone, err := a.GetW("/v/gone")
	must(err)
	_, _, data, err := a.GetW("/v/data")
	must(err)
	_, _, still, err := a.GetW("/v/still")
	must(err)
	_, _, child, err := a.ChildrenW("/v")
	must(err)

	a.cut()
	server("kill", at)
	again("gone is deleted", func() error { return b.Delete("/v/gone", -1) })
	again("data is set", func() error {
		_, err := b.Set("/v/data", []byte("x"), -1)
		return err
	})
	a.mend()

	claim(event(gone).Type == zk.EventNodeDeleted, "no deletion")
	claim(event(data).Type == zk.EventNodeDataChanged, "no change")
	claim(event(child).Type == zk.EventNodeChildrenChanged, "no child")
	silent(still)
	_, err = b.Set("/v/still", []byte("x"), -1)
	must(err)
	claim(event(still).Type == zk.EventNodeDataChanged, "no later change")
	server("mend")
}

// worker counts under the lock.  The library's lock forgets its node when the
// connection is lost on the way, so that nobody would have the lock until the
// session ends: such a worker begins another session.
type worker struct {
	acked, unknown int
	wrong          error
}

func (w *worker) turn(c *client) error {
	l := zk.NewLock(c.Conn, "/count-lock", world)
	if err := l.Lock(); err != nil {
		return err
	}
	data, stat, err := c.Get("/count")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(data))
	if err != nil {
		return err
	}
	_, err = c.Set("/count", []byte(strconv.Itoa(n+1)), stat.Version)
	if err == nil {
		w.acked++
	} else if err == zk.ErrConnectionClosed {
		w.unknown++
	}
	if err != nil {
		return err
	}
	return l.Unlock()
}

func (w *worker) work(stop <-chan struct{}) {
	c := open(shortTimeout)
	for {
		select {
		case <-stop:
			return
		default:
		}
		if err := w.turn(c); isLost(err) {
			c.awaitSession()
			c.Close()
			c = open(shortTimeout)
		} else if err != nil {
			w.wrong = err
			return
		}
	}
}

// Nobody is in another's turn, and no turn is lost, while the leaders are
// killed, stopped and frozen one after the other.
func lockWhileLeadersGo() {
	c := open(timeout)
	_, err := c.Create("/count", []byte("0"), 0, world)
	must(err)
	stop := make(chan struct{})
	var all sync.WaitGroup
	workers := make([]worker, 4)
	for i := range workers {
		all.Add(1)
		go func(w *worker) {
			defer all.Done()
			w.work(stop)
		}(&workers[i])
	}
	for _, verb := range []string{"kill", "stop", "freeze"} {
		time.Sleep(time.Second)
		server(verb, "leader")
		time.Sleep(2 * time.Second)
		server("mend")
	}
	time.Sleep(time.Second)
	close(stop)
	all.Wait()

	acked, unknown := 0, 0
	for i := range workers {
		must(workers[i].wrong)
		acked += workers[i].acked
		unknown += workers[i].unknown
	}
	var data []byte
	again("the count is read", func() error {
		if _, err := c.Sync("/count"); err != nil {
			return err
		}
		data, _, err = c.Get("/count")
		return err
	})
	n, err := strconv.Atoi(string(data))
	must(err)
	claim(acked > 0 && acked <= n && n <= acked+unknown,
		"counted %d, acknowledged %d, unknown %d", n, acked, unknown)
}
