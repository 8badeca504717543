// SPDX-License-Identifier: Apache-2.0
'use strict';
/*
 * node-zookeeper-client from npm on our server.  Run by ../run with ZK_HOSTS;
 * prints one line per test.
 */
const assert = require('assert');
const { execFileSync } = require('child_process');
const zookeeper = require('node-zookeeper-client');

const { ACL, CreateMode, Event, Exception, Id, Permission } = zookeeper;
const HOSTS = process.env.ZK_HOSTS || '127.0.0.1:2181';
const TEST_MS = 30000;
const buf = (text) => Buffer.from(text);

/** Call a method of the client and wait for its callback. */
function ask(client, method, ...args) {
  return new Promise((resolve, reject) => {
    client[method](...args, (error, ...results) =>
      error ? reject(error) : resolve(
        results.length > 1 ? results : results[0]));
  });
}

async function fails(code, promise) {
  await assert.rejects(promise, (error) => error.getCode() === code);
}

const opened = [];

function open() {
  return new Promise((resolve) => {
    const client = zookeeper.createClient(HOSTS, {
      sessionTimeout: 20000, spinDelay: 100, retries: 0,
    });
    opened.push(client);
    client.once('connected', () => resolve(client));
    client.connect();
  });
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, claim) {
  const end = Date.now() + 15000;
  while (!await claim()) {
    assert(Date.now() < end, `not in time: ${what}`);
    await sleep(10);
  }
}

const tests = {
  async createReadChangeDelete() {
    const c = await open();
    assert.equal(await ask(c, 'create', '/n', buf('one')), '/n');
    const [data, stat] = await ask(c, 'getData', '/n');
    assert.equal(data.toString(), 'one');
    assert.equal(stat.version, 0);
    assert.equal((await ask(c, 'setData', '/n', buf('2'), 0)).version, 1);
    await fails(Exception.BAD_VERSION, ask(c, 'setData', '/n', buf('3'), 0));
    await fails(Exception.NODE_EXISTS, ask(c, 'create', '/n'));
    await ask(c, 'create', '/n/c');
    await fails(Exception.NOT_EMPTY, ask(c, 'remove', '/n'));
    assert.deepEqual((await ask(c, 'getChildren', '/n'))[0], ['c']);
    await ask(c, 'removeRecursive', '/n');
    assert.equal(await ask(c, 'exists', '/n'), null);
    await fails(Exception.NO_NODE, ask(c, 'getData', '/n'));
  },

  async everyKindOfNode() {
    const [a, b] = [await open(), await open()];
    await ask(a, 'mkdirp', '/k/deep/path');
    assert.equal(await ask(a, 'create', '/k/s-',
      CreateMode.PERSISTENT_SEQUENTIAL), '/k/s-0000000001');
    await ask(a, 'create', '/k/e', CreateMode.EPHEMERAL);
    await ask(a, 'create', '/k/es-', CreateMode.EPHEMERAL_SEQUENTIAL);
    const stat = await ask(b, 'exists', '/k/e');
    assert(stat.ephemeralOwner.equals(a.getSessionId()));
    await fails(Exception.NO_CHILDREN_FOR_EPHEMERALS,
      ask(a, 'create', '/k/e/c'));
    a.close();
    await until('the ephemerals go', async () =>
      (await ask(b, 'getChildren', '/k'))[0].length === 2);
  },

  async watchers() {
    const [a, b] = [await open(), await open()];
    const events = [];
    const watcher = (event) => events.push(
      [event.getName(), event.getPath()].join(' '));
    assert.equal(await ask(a, 'exists', '/w', watcher), null);
    await ask(b, 'create', '/w');
    await ask(a, 'getData', '/w', watcher);
    await ask(b, 'setData', '/w', buf('x'));
    await ask(a, 'getChildren', '/w', watcher);
    await ask(b, 'create', '/w/c');
    await ask(a, 'exists', '/w/c', watcher);
    await ask(b, 'remove', '/w/c');
    await until('four events', () => events.length === 4);
    assert.deepEqual(events, ['NODE_CREATED /w', 'NODE_DATA_CHANGED /w',
      'NODE_CHILDREN_CHANGED /w', 'NODE_DELETED /w/c']);
    assert.equal(Event.NODE_CREATED, 1);
  },

  async transactions() {
    const c = await open();
    await ask(c, 'create', '/t', buf('0'));
    const results = await ask(c.transaction().create('/t/a', buf('a'))
      .setData('/t', buf('1'), 0).check('/t', 1), 'commit');
    assert.equal(results.length, 3);
    assert.equal(results[0].path, '/t/a');
    await fails(Exception.NO_NODE, ask(c.transaction().remove('/t/a')
      .remove('/t/none'), 'commit'));
    assert(await ask(c, 'exists', '/t/a'));
  },

  async acl() {
    const [ann, bob] = [await open(), await open()];
    ann.addAuthInfo('digest', buf('ann:secret'));
    await ask(ann, 'create', '/a', buf('private'), ACL.CREATOR_ALL_ACL);
    await fails(Exception.NO_AUTH, ask(bob, 'getData', '/a'));
    const [acls] = await ask(ann, 'getACL', '/a');
    assert.equal(acls[0].id.scheme, 'digest');
    bob.addAuthInfo('digest', buf('ann:secret'));
    assert.equal((await ask(bob, 'getData', '/a'))[0].toString(), 'private');
    await ask(ann, 'setACL', '/a',
      [new ACL(Permission.READ, new Id('ip', '127.0.0.1'))], 0);
    await fails(Exception.NO_AUTH, ask(ann, 'setData', '/a', buf('')));
  },

  async manyAtOnceInOrder() {
    const c = await open();
    await ask(c, 'create', '/m', buf(''));
    const all = [];
    for (let i = 0; i < 500; i++) {
      all.push(ask(c, 'setData', '/m', buf(String(i)), i));
      all.push(ask(c, 'getData', '/m'));
    }
    const got = await Promise.all(all);
    for (let i = 0; i < 500; i++) {
      assert.equal(got[2 * i].version, i + 1);
      assert.equal(got[2 * i + 1][0].toString(), String(i));
    }
  },

  async theServerIsKilled() {
    const c = await open();
    const session = c.getSessionId().toString('hex');
    await ask(c, 'create', '/killed', CreateMode.EPHEMERAL);
    const back = new Promise((resolve) => c.once('connected', resolve));
    for (const verb of ['kill', 'start']) {
      execFileSync('/usr/bin/python3', [process.env.ZK_SERVER, verb,
        process.env.ZK_DIR]);
    }
    await back;
    assert.equal(c.getSessionId().toString('hex'), session);
    assert(await ask(c, 'exists', '/killed'));
  },
};

async function main() {
  let good = true;
  for (const [name, body] of Object.entries(tests)) {
    const begin = Date.now();
    let why = '';
    try {
      await Promise.race([body(), sleep(TEST_MS).then(() => {
        throw new Error(`no end after ${TEST_MS} ms`);
      })]);
    } catch (error) {
      console.error(error);
      why = ` ${String(error.message || error).replace(/\n/g, ' ')}`;
      good = false;
    }
    opened.splice(0).forEach((client) => client.close());
    console.log(`${why ? 'not ok' : 'ok'} node.${name} ` +
      `${((Date.now() - begin) / 1000).toFixed(2)}${why}`);
  }
  process.exit(good ? 0 : 1);
}

main();
