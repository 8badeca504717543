/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_conf.c - a zoo.cfg as an operator may write it. */
#include "tests/fuzz/fuzz.h"

#include "daemon/conf/conf.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct conf conf;
    static struct conf_report report;
    char text[1024];
    int rc = conf_load_text("fuzz", fuzz_bytes(data, size), &conf, &report);

    check((rc < 0) == (report.errors > 0));
    for (uint32_t i = 0; i < report.count; i++)
        conf_message_format(&report.message[i], text, sizeof text);
    return 0;
}
