// SPDX-License-Identifier: Apache-2.0
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.Callable;

/**
 * What the Java tests share: a runner for the public static methods of a class
 * and its reports, one line per test, and the server beside us.
 */
final class Check {
    static final String HOSTS =
        System.getenv().getOrDefault("ZK_HOSTS", "127.0.0.1:2181");
    static final long WAIT_MS = 15000;

    private Check() {
    }

    static void that(boolean fact, String what) {
        if (!fact) {
            throw new AssertionError(what);
        }
    }

    static void equal(Object want, Object got) {
        that(want.equals(got), "wanted " + want + ", got " + got);
    }

    /** Wait until the claim is true. */
    static void until(String what, Callable<Boolean> claim) throws Exception {
        long end = System.currentTimeMillis() + WAIT_MS;
        while (!claim.call()) {
            that(System.currentTimeMillis() < end, "not in time: " + what);
            Thread.sleep(5);
        }
    }

    interface Body {
        void run() throws Exception;
    }

    /** The body must fail with an exception of this class. */
    static void fails(Class<?> kind, Body body) throws Exception {
        try {
            body.run();
        } catch (Exception e) {
            if (kind.isInstance(e)) {
                return;
            }
            throw e;
        }
        throw new AssertionError("no " + kind.getSimpleName());
    }

    /** Run the body in `count` threads; the first failure is ours. */
    static void inThreads(int count, java.util.function.IntFunction<Body> made)
        throws Exception {
        Throwable[] wrong = new Throwable[1];
        Thread[] threads = new Thread[count];
        for (int i = 0; i < count; i++) {
            Body body = made.apply(i);
            threads[i] = new Thread(() -> {
                try {
                    body.run();
                } catch (Throwable e) {
                    wrong[0] = e;
                }
            });
            threads[i].setDaemon(true);
            threads[i].start();
        }
        for (Thread t : threads) {
            t.join(60000);
            that(!t.isAlive(), "a thread hangs");
        }
        if (wrong[0] != null) {
            throw new Exception(wrong[0]);
        }
    }

    /** start, stop or kill the server: see lib/server.py. */
    static void server(String verb) throws Exception {
        Process p = new ProcessBuilder("/usr/bin/python3",
            System.getenv("ZK_SERVER"), verb, System.getenv("ZK_DIR"))
            .inheritIO().start();
        equal(0, p.waitFor());
    }

    /** Run each public static method without arguments, by name. */
    static void all(Class<?> tests, String prefix, String[] only) {
        Method[] methods = tests.getDeclaredMethods();
        Arrays.sort(methods, Comparator.comparing(Method::getName));
        boolean good = true;
        for (Method m : methods) {
            int how = m.getModifiers();
            if (!Modifier.isPublic(how) || m.getParameterCount() > 0
                || only.length > 0
                && !Arrays.asList(only).contains(m.getName())) {
                continue;
            }
            long begin = System.nanoTime();
            String why = "";
            try {
                m.invoke(null);
            } catch (Throwable e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                cause.printStackTrace();
                why = " " + cause;
                good = false;
            }
            System.out.printf("%s %s.%s %.2f%s%n",
                why.isEmpty() ? "ok" : "not ok", prefix, m.getName(),
                (System.nanoTime() - begin) / 1e9, why.replace('\n', ' '));
        }
        System.exit(good ? 0 : 1);
    }
}
