/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_json.h - fields of an answer's object, by the kind of their value.
 *
 * Private to admin*.c.
 */
#ifndef NET_ADMIN_ADMIN_JSON_H
#define NET_ADMIN_ADMIN_JSON_H

#include <jansson.h>

#define TEXT(o, name, value) json_object_set_new(o, name, json_string(value))
#define NUMBER(o, name, value)                                                 \
    json_object_set_new(o, name, json_integer((json_int_t)(value)))
#define FLAG(o, name, value) json_object_set_new(o, name, json_boolean(value))

#endif
