/* peers.h - those that `grade` measures beside moulette: a call of theirs is one test. */
#ifndef MOULETTE_BENCH_PEERS_H
#define MOULETTE_BENCH_PEERS_H

#include "bench/contender.h"

extern const struct contender peer_bwrap, peer_isolate, peer_isolate_ready, peer_nsjail;
extern const struct contender peer_crun, peer_crun_static, peer_runc, peer_runsc;
extern const struct contender peer_podman, peer_docker, peer_go_judge;

#endif
