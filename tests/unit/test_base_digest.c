/* test_base_digest.c - SHA-256 against known values (FIPS 180-2, sha256sum(1)). */
#include "base/digest.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

Suite *suite_base_digest(void);

#define MIB (1024 * 1024)
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MIB_OF_ZEROS "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58"

START_TEST(known_values)
{
	static char zeros[MIB];
	char hex[DIGEST_HEX];
	digest_bytes("", 0, hex);
	ck_assert_str_eq(hex, EMPTY);
	digest_bytes(NULL, 0, hex);
	ck_assert_str_eq(hex, EMPTY);
	digest_bytes("abc", 3, hex);
	ck_assert_str_eq(hex, ABC);
	digest_bytes(zeros, MIB, hex);
	ck_assert_str_eq(hex, MIB_OF_ZEROS);
}
END_TEST

START_TEST(in_pieces_and_again)
{
	static char zeros[MIB];
	char hex[DIGEST_HEX];
	AUTO_DIGEST *d = digest_new();
	digest_end(d, hex);
	ck_assert_str_eq(hex, EMPTY);
	digest_add(d, "a", 1);
	digest_add(d, "", 0);
	digest_add(d, "bc", 2);
	digest_end(d, hex);
	ck_assert_str_eq(hex, ABC);
	for (size_t at = 0, n; at < MIB; at += n) {
		n = MIB - at < 997 ? MIB - at : 997;
		digest_add(d, zeros + at, n);
	}
	digest_end(d, hex);
	ck_assert_str_eq(hex, MIB_OF_ZEROS);
	digest_free(NULL);
}
END_TEST

START_TEST(of_a_file)
{
	AUTO_FD int fd = memfd_create("digest", MFD_CLOEXEC);
	char hex[DIGEST_HEX];
	struct err err = { 0 };
	ck_assert_int_eq(digest_fd(fd, DIGEST_ALL, hex, &err), 0);
	ck_assert_str_eq(hex, EMPTY);
	ck_assert_int_eq(write(fd, "abcd", 4), 4);
	ck_assert_int_eq(digest_fd(fd, 3, hex, &err), 0); /* from 0, not from the position */
	ck_assert_str_eq(hex, ABC);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 4); /* which stays */
	ck_assert_int_eq(digest_fd(fd, 0, hex, &err), 0);
	ck_assert_str_eq(hex, EMPTY);
	ck_assert_int_eq(pwrite(fd, "\0\0\0", 4, 0), 4);
	ck_assert_int_eq(ftruncate(fd, 2 * MIB), 0);
	ck_assert_int_eq(digest_fd(fd, MIB, hex, &err), 0);
	ck_assert_str_eq(hex, MIB_OF_ZEROS);
	ck_assert_int_eq(ftruncate(fd, MIB), 0);
	ck_assert_int_eq(digest_fd(fd, 2 * MIB, hex, &err), 0);
	ck_assert_str_eq(hex, MIB_OF_ZEROS);
}
END_TEST

START_TEST(what_cannot_be_read)
{
	int pair[2];
	char hex[DIGEST_HEX] = "kept";
	struct err err = { 0 };
	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_int_eq(digest_fd(pair[0], DIGEST_ALL, hex, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_int_eq(err.sys, ESPIPE);
	ck_assert_str_eq(hex, "kept");
	close(pair[0]);
	close(pair[1]);
}
END_TEST

Suite *suite_base_digest(void)
{
	Suite *s = suite_create("base/digest");
	TCase *tc = tcase_create("digest");
	tcase_add_test(tc, known_values);
	tcase_add_test(tc, in_pieces_and_again);
	tcase_add_test(tc, of_a_file);
	tcase_add_test(tc, what_cannot_be_read);
	suite_add_tcase(s, tc);
	return s;
}
