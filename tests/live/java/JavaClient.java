// SPDX-License-Identifier: Apache-2.0
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** Debian's Java client: what it can do that the other clients cannot. */
public final class JavaClient {
    private JavaClient() {
    }

    /** A client that keeps its events. */
    private static final class Client extends ZooKeeper
        implements AutoCloseable {
        final Events events;

        private Client(Events events, int timeout) throws Exception {
            super(Check.HOSTS, timeout, events);
            this.events = events;
            Check.that(events.connected.await(Check.WAIT_MS,
                TimeUnit.MILLISECONDS), "connected");
        }

        static Client open() throws Exception {
            return new Client(new Events(), 20000);
        }
    }

    private static final class Events implements Watcher {
        final CountDownLatch connected = new CountDownLatch(1);
        final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

        @Override
        public void process(WatchedEvent e) {
            if (e.getType() == EventType.None) {
                if (e.getState() == KeeperState.SyncConnected) {
                    connected.countDown();
                }
            } else {
                heard.add(e.getType() + " " + e.getPath());
            }
        }

        String next() throws Exception {
            return String.valueOf(
                heard.poll(Check.WAIT_MS, TimeUnit.MILLISECONDS));
        }
    }

    private static boolean isServed(ZooKeeper zk) throws Exception {
        try {
            return zk.exists("/", false) != null;
        } catch (KeeperException.ConnectionLossException e) {
            return false;
        }
    }

    private static String make(ZooKeeper zk, String path, String data,
        CreateMode mode) throws Exception {
        return zk.create(path, data.getBytes(), Ids.OPEN_ACL_UNSAFE, mode);
    }

    private static String make(ZooKeeper zk, String path) throws Exception {
        return make(zk, path, "", CreateMode.PERSISTENT);
    }

    public static void everyKindOfNode() throws Exception {
        try (Client zk = Client.open(); Client other = Client.open()) {
            make(zk, "/kinds");
            make(zk, "/kinds/e", "", CreateMode.EPHEMERAL);
            Check.equal(zk.getSessionId(),
                other.exists("/kinds/e", false).getEphemeralOwner());
            Check.equal("/kinds/s-0000000001",
                make(zk, "/kinds/s-", "", CreateMode.PERSISTENT_SEQUENTIAL));
            make(zk, "/kinds/box", "", CreateMode.CONTAINER);
            Stat st = new Stat();
            zk.create("/kinds/ttl", new byte[0], Ids.OPEN_ACL_UNSAFE,
                CreateMode.PERSISTENT_WITH_TTL, st, 300);
            Check.that(st.getCzxid() > 0, "a stat");
            Check.until("the TTL node goes",
                () -> zk.exists("/kinds/ttl", false) == null);
            Check.equal(List.of("/kinds/e"), zk.getEphemerals("/kinds"));
            Check.equal(3, zk.getAllChildrenNumber("/kinds"));
            Check.equal(Collections.emptyList(), other.getEphemerals());
        }
    }

    public static void nullDataIsNotEmptyData() throws Exception {
        try (Client zk = Client.open()) {
            zk.create("/null", null, Ids.OPEN_ACL_UNSAFE,
                CreateMode.PERSISTENT);
            make(zk, "/empty");
            Check.that(zk.getData("/null", false, null) == null, "null");
            Check.equal(0, zk.getData("/empty", false, null).length);
            zk.setData("/empty", null, -1);
            Check.that(zk.getData("/empty", false, null) == null, "null");
        }
    }

    /**
     * One client for each mode: for one session and path Apache 3.8 keeps
     * only the mode that was set last.
     */
    public static void persistentWatches() throws Exception {
        try (Client zk = Client.open(); Client deep = Client.open();
            Client other = Client.open()) {
            make(zk, "/pw");
            Events one = new Events();
            Events all = new Events();
            zk.addWatch("/pw", one, AddWatchMode.PERSISTENT);
            deep.addWatch("/pw", all, AddWatchMode.PERSISTENT_RECURSIVE);
            for (int i = 0; i < 5; i++) {
                other.setData("/pw", new byte[0], -1);
                Check.equal("NodeDataChanged /pw", one.next());
                Check.equal("NodeDataChanged /pw", all.next());
            }
            make(other, "/pw/c");
            Check.equal("NodeChildrenChanged /pw", one.next());
            Check.equal("NodeCreated /pw/c", all.next());
            make(other, "/pw/c/d");
            Check.equal("NodeCreated /pw/c/d", all.next());
            other.delete("/pw/c/d", -1);
            Check.equal("NodeDeleted /pw/c/d", all.next());
            zk.removeWatches("/pw", one, Watcher.WatcherType.Any, false);
            Check.equal("PersistentWatchRemoved /pw", one.next());
            other.setData("/pw", new byte[0], -1);
            Check.equal("NodeDataChanged /pw", all.next());
            Check.that(one.heard.isEmpty(), "removed is removed");
        }
    }

    public static void watchesAreRemoved() throws Exception {
        try (Client zk = Client.open(); Client other = Client.open()) {
            make(zk, "/rw");
            Events data = new Events();
            zk.getData("/rw", data, null);
            zk.removeWatches("/rw", data, Watcher.WatcherType.Data, false);
            Check.equal("DataWatchRemoved /rw", data.next());
            Check.fails(KeeperException.NoWatcherException.class,
                () -> zk.removeWatches("/rw", data, Watcher.WatcherType.Data,
                    false));
            other.setData("/rw", new byte[0], -1);
            zk.exists("/rw", false);
            Check.that(data.heard.isEmpty(), "removed is removed");
        }
    }

    public static void multiAndMultiRead() throws Exception {
        try (Client zk = Client.open()) {
            make(zk, "/mm", "top", CreateMode.PERSISTENT);
            List<OpResult> r = zk.multi(List.of(
                Op.create("/mm/a", "1".getBytes(), Ids.OPEN_ACL_UNSAFE,
                    CreateMode.PERSISTENT),
                Op.create("/mm/s-", new byte[0], Ids.OPEN_ACL_UNSAFE,
                    CreateMode.EPHEMERAL_SEQUENTIAL),
                Op.setData("/mm", "new".getBytes(), 0),
                Op.check("/mm/a", 0)));
            Check.equal("/mm/s-0000000001",
                ((OpResult.CreateResult) r.get(1)).getPath());
            r = zk.multi(List.of(Op.getData("/mm"), Op.getChildren("/mm"),
                Op.getData("/none"), Op.getData("/mm/a")));
            Check.equal("new", new String(
                ((OpResult.GetDataResult) r.get(0)).getData()));
            Check.equal(2, ((OpResult.GetChildrenResult) r.get(1))
                .getChildren().size());
            Check.equal(KeeperException.Code.NONODE.intValue(),
                ((OpResult.ErrorResult) r.get(2)).getErr());
            Check.equal("1", new String(
                ((OpResult.GetDataResult) r.get(3)).getData()));
            Check.fails(KeeperException.NodeExistsException.class,
                () -> zk.multi(List.of(Op.delete("/mm/a", -1),
                    Op.create("/mm", new byte[0], Ids.OPEN_ACL_UNSAFE,
                        CreateMode.PERSISTENT))));
            Check.that(zk.exists("/mm/a", false) != null, "as a whole");
        }
    }

    public static void whoAmI() throws Exception {
        try (Client zk = Client.open()) {
            zk.addAuthInfo("digest", "ann:secret".getBytes());
            List<String> who = zk.whoAmI().stream()
                .map(c -> c.getAuthScheme() + ":" + c.getUser()).sorted()
                .collect(Collectors.toList());
            Check.equal(List.of("digest:ann", "ip:127.0.0.1"), who);
            zk.create("/who", new byte[0], Ids.CREATOR_ALL_ACL,
                CreateMode.PERSISTENT);
            Check.equal("digest", zk.getACL("/who", null).get(0).getId()
                .getScheme());
        }
    }

    public static void syncAndConfig() throws Exception {
        try (Client zk = Client.open()) {
            CountDownLatch done = new CountDownLatch(1);
            zk.sync("/", (rc, path, ctx) -> {
                if (rc == 0 && "/".equals(path)) {
                    done.countDown();
                }
            }, null);
            Check.that(done.await(10, TimeUnit.SECONDS), "synced");
            Check.that(zk.getData("/zookeeper/config", false, null) != null,
                "readable");
        }
    }

    public static void asyncAnswersComeInOrder() throws Exception {
        try (Client zk = Client.open()) {
            make(zk, "/ao");
            List<Integer> order = Collections.synchronizedList(
                new ArrayList<>());
            CountDownLatch done = new CountDownLatch(2000);
            for (int i = 0; i < 1000; i++) {
                zk.setData("/ao", new byte[] {(byte) i}, i, (rc, p, ctx, s) -> {
                    order.add(rc == 0 ? (Integer) ctx : -1);
                    done.countDown();
                }, 2 * i);
                zk.getData("/ao", false, (rc, p, ctx, d, s) -> {
                    order.add(rc == 0
                        && s.getVersion() == (Integer) ctx / 2 + 1
                        ? (Integer) ctx : -1);
                    done.countDown();
                }, 2 * i + 1);
            }
            Check.that(done.await(30, TimeUnit.SECONDS), "all answered");
            for (int i = 0; i < 2000; i++) {
                Check.equal(i, order.get(i));
            }
        }
    }

    /** The Java client sets all kinds of watches again by SetWatches2. */
    public static void watchesLiveOverARestart() throws Exception {
        try (Client zk = Client.open(); Client deep = Client.open();
            Client other = Client.open()) {
            make(zk, "/wr");
            make(zk, "/wr/missed");
            Events data = new Events();
            Events kids = new Events();
            Events gone = new Events();
            Events all = new Events();
            zk.getData("/wr", data, null);
            zk.getChildren("/wr", kids);
            zk.exists("/wr/unborn", gone);
            deep.addWatch("/wr", all, AddWatchMode.PERSISTENT_RECURSIVE);
            long session = zk.getSessionId();
            make(zk, "/wr/eph", "", CreateMode.EPHEMERAL);
            Check.equal("NodeChildrenChanged /wr", kids.next());
            Check.equal("NodeCreated /wr/eph", all.next());
            Check.server("kill");
            Check.server("start");
            // Answered after the watches that were sent before it are set.
            for (ZooKeeper c : List.of(zk, deep, other)) {
                Check.until("served again", () -> isServed(c));
            }
            Check.equal(session, zk.getSessionId());
            make(other, "/wr/unborn");
            Check.equal("NodeCreated /wr/unborn", gone.next());
            Check.equal("NodeCreated /wr/unborn", all.next());
            other.setData("/wr", new byte[0], -1);
            Check.equal("NodeDataChanged /wr", data.next());
            Check.equal("NodeDataChanged /wr", all.next());
            Check.equal(session,
                other.exists("/wr/eph", false).getEphemeralOwner());
        }
    }

    public static void main(String[] only) {
        Check.all(JavaClient.class, "java", only);
    }
}
