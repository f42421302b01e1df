/* test_import_layer_index.c - what is written of a layer is read again, or said to be damaged. */
#include "import/layer_index.h"
#include "test_image_fixture.h"

static void fill(struct layer_record *r)
{
	struct err err = { 0 };

	*r = (struct layer_record){
		.kind = LAYER_FOLDER,
		.marks = MARK_SETID,
		.number = UINT64_C(1) << 40,
		.attr = { .mode = S_IFDIR | 01777,
			  .uid = 4294967294,
			  .gid = 7,
			  .mtime = { .tv_sec = -5, .tv_nsec = 999999999 } },
	};
	buf_str(&r->path, "a\n\xff");
	ck_assert_int_eq(layer_xattr_add(r, "user.empty", "", 0, &err), 0);
	ck_assert_int_eq(layer_xattr_add(r, "user.nul", "\0x", 2, &err), 0);
}

START_TEST(a_record_comes_back)
{
	struct layer_record r;
	AUTO_RECORD got = { 0 };
	struct err err = { 0 };
	FILE *f = tmpfile();
	const char *name;
	const void *value;
	size_t at = 0, len;

	fill(&r);
	ck_assert_int_eq(layer_record_write(f, &r, &err), 0);
	ck_assert_int_eq(layer_record_write(f, &r, &err), 0);
	rewind(f);
	ck_assert_int_eq(layer_record_read(f, &got, &err), 1);
	ck_assert_int_eq(layer_record_read(f, &got, &err), 1);
	ck_assert_int_eq(got.kind, LAYER_FOLDER);
	ck_assert_uint_eq(got.number, r.number);
	ck_assert_uint_eq(got.marks, MARK_SETID);
	ck_assert_int_eq(memcmp(&got.attr, &r.attr, sizeof(r.attr)), 0);
	ck_assert_str_eq(got.path.data, r.path.data);
	ck_assert_str_eq(got.target.data, "");
	ck_assert_int_eq(layer_xattr_next(&got, &at, &name, &value, &len), 1);
	ck_assert_str_eq(name, "user.empty");
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(layer_xattr_next(&got, &at, &name, &value, &len), 1);
	ck_assert_str_eq(name, "user.nul");
	ck_assert_int_eq(len == 2 && memcmp(value, "\0x", 2) == 0, 1);
	ck_assert_int_eq(layer_xattr_next(&got, &at, &name, &value, &len), 0);
	ck_assert_int_eq(layer_record_read(f, &got, &err), 0);
	fclose(f);
	layer_record_done(&r);
}
END_TEST

/* Cut anywhere, or with any byte of the head set high, it is damaged or a record within bounds. */
START_TEST(damage_is_noticed)
{
	struct layer_record r;
	char bytes[512];
	FILE *f = fmemopen(bytes, sizeof(bytes), "w");
	struct err err = { 0 };

	fill(&r);
	ck_assert_int_eq(layer_record_write(f, &r, &err), 0);
	long size = ftell(f);
	fclose(f);
	for (long cut = 1; cut < size; cut++) {
		AUTO_RECORD got = { 0 };
		f = fmemopen(bytes, (size_t)cut, "r");
		ck_assert_msg(layer_record_read(f, &got, &err) == -1, "cut at %ld", cut);
		fclose(f);
	}
	for (long at = 0; at < size; at++) {
		AUTO_RECORD got = { 0 };
		char was = bytes[at];
		bytes[at] = (char)0xff;
		f = fmemopen(bytes, (size_t)size, "r");
		if (layer_record_read(f, &got, &err) == 1)
			ck_assert_msg(got.kind < LAYER_KINDS && got.path.len <= IMAGE_MAX_PATH,
				      "byte %ld", at);
		fclose(f);
		bytes[at] = was;
	}
	layer_record_done(&r);
}
END_TEST

START_TEST(attributes_are_bounded)
{
	AUTO_RECORD r = { 0 };
	struct err err = { 0 };
	char value[65000] = { 0 };
	int n = 0;

	while (layer_xattr_add(&r, "user.x", value, sizeof(value), &err) == 0)
		n++;
	ck_assert_int_eq(n, 16);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_uint_le(r.xattrs.len, 1 << 20);
}
END_TEST

Suite *suite_import_layer_index(void);
Suite *suite_import_layer_index(void)
{
	TCase *tc = tcase_create("layer_index");
	tcase_add_test(tc, a_record_comes_back);
	tcase_add_test(tc, damage_is_noticed);
	tcase_add_test(tc, attributes_are_bounded);
	return root_suite("import/layer_index", tc);
}
