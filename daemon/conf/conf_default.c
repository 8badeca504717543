/* SPDX-License-Identifier: Apache-2.0 */
/* conf_default.c - what `zabd` without a file does: one server to try out. */
#include "daemon/conf/conf.h"

const char conf_default_text[] =
    "tickTime=2000\n"
    "dataDir=data\n"
    "clientPort=2181\n"
    "maxClientCnxns=0\n"
    "autopurge.purgeInterval=1\n"
    "4lw.commands.whitelist=*,-wchp,-wchc,-crst,-srst,-gtmk,-stmk,-dump\n";
