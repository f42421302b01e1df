/* filter_code.h - a seccomp filter as the kernel takes it (classic BPF), written from its end. */
#ifndef MOULETTE_BUNDLE_FILTER_CODE_H
#define MOULETTE_BUNDLE_FILTER_CODE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Jumps lead forward only, so what is jumped to is written before what jumps. Every function gives
 * the place of an instruction, to be handed to those that lead to it. One that is there already,
 * with the same ways out, is not written a second time: equal ends of rules share their code. A
 * jump that cannot reach (255 instructions) goes by a second one.
 */
struct filter_code;

struct filter_code *filter_code_new(void);
void filter_code_free(struct filter_code *c);
void filter_code_cleanup(struct filter_code **c);
#define AUTO_FILTER_CODE __attribute__((cleanup(filter_code_cleanup))) struct filter_code

/** filter_code_ret() - the end: what the kernel is told, SECCOMP_RET_... */
size_t filter_code_ret(struct filter_code *c, uint32_t answer);
/** filter_code_load() - 32 bits of struct seccomp_data become the accumulator; then @next. */
size_t filter_code_load(struct filter_code *c, uint32_t offset, size_t next);
/** filter_code_and() - the accumulator is cut to @mask; then @next. */
size_t filter_code_and(struct filter_code *c, uint32_t mask, size_t next);
/** filter_code_jump() - @op: BPF_JEQ, BPF_JGT or BPF_JGE of the accumulator and @k, unsigned. */
size_t filter_code_jump(struct filter_code *c, uint16_t op, uint32_t k, size_t yes, size_t no);

/** filter_code_finish() - the program, on the heap; it begins with what was written last. False: it
 *  is longer than the kernel takes, and *ret is untouched. */
bool filter_code_finish(const struct filter_code *c, struct sock_filter **ret, size_t *ret_n);

#endif
