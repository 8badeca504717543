// SPDX-License-Identifier: Apache-2.0

// client.go - a connection for a test, whose network the test can cut.
package main

import (
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/samuel/go-zookeeper/zk"
)

var (
	hosts = strings.Split(os.Getenv("ZK_HOSTS"), ",")
	world = zk.WorldACL(zk.PermAll)

	openedLock sync.Mutex
	opened     []*client
)

// client is a connection of the library, and its network.
type client struct {
	*zk.Conn
	gate     sync.Mutex // held while the network is cut
	lineLock sync.Mutex
	line     net.Conn // the newest; under lineLock
	ended    sync.Once
}

func (c *client) dial(network, address string, timeout time.Duration) (
	net.Conn, error) {
	c.gate.Lock()
	defer c.gate.Unlock()
	line, err := net.DialTimeout(network, address, timeout)
	c.lineLock.Lock()
	c.line = line
	c.lineLock.Unlock()
	return line, err
}

// cut ends the connection without a word of the client's, and keeps it from
// connecting again until mend.
func (c *client) cut() {
	c.gate.Lock()
	c.lineLock.Lock()
	defer c.lineLock.Unlock()
	c.line.Close()
}

func (c *client) mend() {
	c.gate.Unlock()
}

// open connects to the servers and waits for the session.
func open(timeout time.Duration, servers ...string) *client {
	if len(servers) == 0 {
		servers = hosts
	}
	c := &client{}
	conn, _, err := zk.Connect(servers, timeout, zk.WithDialer(c.dial),
		zk.WithLogger(log.New(os.Stderr, "", log.Lmicroseconds)))
	must(err)
	c.Conn = conn
	openedLock.Lock()
	opened = append(opened, c)
	openedLock.Unlock()
	c.awaitSession()
	return c
}

func (c *client) awaitSession() {
	until("there is a session", func() bool {
		return c.State() == zk.StateHasSession
	})
}

// isLost tells that the connection ended before the answer.
func isLost(err error) bool {
	_, isNet := err.(net.Error)
	return isNet || err == zk.ErrConnectionClosed || err == zk.ErrNoServer
}

// again repeats what a lost connection interrupts.
func again(what string, do func() error) {
	var err error
	until(what, func() bool {
		err = do()
		return !isLost(err)
	})
	must(err)
}

// Close ends the session; the library's panics when it is called twice.
func (c *client) Close() {
	c.ended.Do(c.Conn.Close)
}

// closeAll ends what a test has left open.
func closeAll() {
	openedLock.Lock()
	defer openedLock.Unlock()
	for _, c := range opened {
		c.Close()
	}
	opened = nil
}

// event waits for what a watch says.
func event(watch <-chan zk.Event) zk.Event {
	select {
	case e := <-watch:
		return e
	case <-time.After(soon):
		fail("no event within %v, at %s", soon, caller())
	}
	return zk.Event{}
}

// silent claims that a watch has said nothing yet.
func silent(watch <-chan zk.Event) {
	select {
	case e := <-watch:
		fail("an event that nothing caused: %v, at %s", e, caller())
	default:
	}
}
