/* SPDX-License-Identifier: Apache-2.0 */
/* admin_ensemble.c - see admin_ensemble.h.  Admin process. */
#include "net/admin/admin_ensemble.h"

#include <inttypes.h>

#include "net/admin/admin_json.h"

void
admin_put_leader(const struct admin_view *v, json_t *o)
{
    FLAG(o, "is_leader", v->figures->role == ROLE_LEADING);
    NUMBER(o, "leader_id", v->figures->ensemble.leader);
    TEXT(o, "leader_ip", v->leader_address);
}

static void
format_address(const char *host, int32_t port, char *text, size_t size)
{
    snprintf(text, size, strchr(host, ':') ? "[%s]:%" PRId32 : "%s:%" PRId32,
             host, port);
}

/* The address for clients; false: its line has none. */
static bool
client_address(const struct conf_member *m, char *text, size_t size)
{
    *text = 0;
    if (m->client_port != 0)
        format_address(*m->client_host ? m->client_host : "0.0.0.0",
                       m->client_port, text, size);
    return m->client_port != 0;
}

/* One of the two ports where other servers come. */
static int32_t
quorum_port(const struct conf_address *a)
{
    return a->quorum_port;
}

static int32_t
election_port(const struct conf_address *a)
{
    return a->election_port;
}

static json_t *
address_list(const struct conf_member *m,
             int32_t (*port)(const struct conf_address *a))
{
    char text[CONF_ADDRESS_MAX + 16];
    json_t *list = json_array();
    struct conf_address a;

    for (uint32_t i = 0; conf_member_address(m, i, &a); i++) {
        format_address(a.host, port(&a), text, sizeof text);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

/* ZK: VotingViewCommand.QuorumServerView */
static json_t *
voter_view(const struct conf_member *m)
{
    char client[CONF_ADDRESS_MAX + 16];
    json_t *o = json_object();

    (void)client_address(m, client, sizeof client);
    json_object_set_new(o, "server_addresses", address_list(m, quorum_port));
    json_object_set_new(o, "election_addresses",
                        address_list(m, election_port));
    TEXT(o, "client_address", client);
    TEXT(o, "learner_type", "participant");
    return o;
}

void
admin_put_voters(const struct admin_view *v, json_t *o)
{
    json_t *voters = json_object();
    char sid[24];

    for (uint32_t i = 0; i < v->conf->member_count; i++) {
        const struct conf_member *m = &v->conf->member[i];

        if (m->is_observer)
            continue;
        snprintf(sid, sizeof sid, "%" PRId64, m->sid);
        json_object_set_new(voters, sid, voter_view(m));
    }
    json_object_set_new(o, "current_config", voters);
}

/* ZK: MultipleAddresses as Jackson prints it; all count as reachable. */
static json_t *
multiple_addresses(const struct conf_member *m,
                   int32_t (*port)(const struct conf_address *a))
{
    json_t *o = json_object(), *ports = json_array(), *hosts = json_array(),
           *any = json_array();
    char text[CONF_ADDRESS_MAX + 16];
    struct conf_address a;

    for (uint32_t i = 0; conf_member_address(m, i, &a); i++) {
        format_address("0.0.0.0", port(&a), text, sizeof text);
        json_array_append_new(any, json_string(text));
        json_array_append_new(ports, json_integer(port(&a)));
        json_array_append_new(hosts, json_string(a.host));
    }
    conf_member_address(m, 0, &a);
    format_address(a.host, port(&a), text, sizeof text);
    FLAG(o, "empty", false);
    json_object_set_new(o, "all_addresses", address_list(m, port));
    json_object_set_new(o, "all_reachable_addresses", address_list(m, port));
    TEXT(o, "one", text);
    TEXT(o, "reachable_address", text);
    json_object_set_new(o, "wildcard_addresses", any);
    json_object_set_new(o, "all_ports", ports);
    json_object_set_new(o, "all_host_strings", hosts);
    json_object_set_new(o, "all_reachable_addresses_or_all",
                        address_list(m, port));
    TEXT(o, "reachable_or_one", text);
    return o;
}

static void
put_place(const struct conf_member *self, json_t *o)
{
    char client[CONF_ADDRESS_MAX + 16];

    json_object_set_new(o, "quorum_address",
                        multiple_addresses(self, quorum_port));
    json_object_set_new(o, "election_address",
                        multiple_addresses(self, election_port));
    json_object_set_new(o, "client_address",
                        client_address(self, client, sizeof client)
                            ? json_string(client)
                            : json_null());
}

void
admin_put_zabstate(const struct admin_view *v, json_t *o)
{
    const struct conf_member *self = conf_myself(v->conf);
    const struct figures *f = v->figures;
    uint64_t zxid = (uint64_t)f->tree.zxid;
    char hex[32];

    if (!self || !f->is_serving) {
        FLAG(o, "voting", false);
        TEXT(o, "zabstate", "");
        return;
    }
    NUMBER(o, "myid", v->conf->my_sid);
    FLAG(o, "is_leader", f->role == ROLE_LEADING);
    put_place(self, o);
    FLAG(o, "voting", !self->is_observer);
    snprintf(hex, sizeof hex, "0x%" PRIx64, zxid);
    TEXT(o, "last_zxid", hex);
    NUMBER(o, "zab_epoch", zxid >> 32);
    NUMBER(o, "zab_counter", zxid & UINT32_MAX);
    TEXT(o, "zabstate", figures_zab_state(f));
}
