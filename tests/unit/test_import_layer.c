/* test_import_layer.c - what a blob becomes in the store: entries, and marks that hide what is below. */
#include "import/layer.h"
#include "import/layer_index.h"
#include "test_image_archive.h"

static struct store_fixture f;

/* Room for names that are as long as names may be. */
static char n255[256], p4095[4096];

static void fill_name(char *name, size_t len)
{
	memset(name, 'n', len);
	name[len] = '\0';
}

static void setup(void)
{
	fixture_make(&f);
	fill_name(n255, 255);
	/* Sixteen components of 255 bytes. */
	fill_name(p4095, 4095);
	for (size_t i = 255; i < 4095; i += 256)
		p4095[i] = '/';
}

static void teardown(void)
{
	fixture_remove(&f);
}

/* An archive of images, as a folder, with the layer "l" that @fill writes. */
static void make_archive(void (*fill)(struct archive *a, const void *ctx), const void *ctx,
			 char hex[DIGEST_HEX], int64_t *ret_bytes)
{
	AUTO_FREE char *manifest = mem_printf("%s/in/manifest.json", f.top);
	AUTO_FREE char *layer = mem_printf("%s/in/l", f.top);
	AUTO_FREE char *in = mem_printf("%s/in", f.top);
	struct err err = { 0 };
	struct stat st;

	ck_assert_int_eq(fd_mkdir_p(in, 0755), 0);
	put_text(manifest, "[{\"Config\": \"c\", \"Layers\": [\"l\"]}]");
	struct archive *a = tar_open(layer, TAR_PLAIN);
	fill(a, ctx);
	tar_close(a);
	AUTO_FD int fd = open(layer, O_RDONLY | O_CLOEXEC);
	ck_assert(fd >= 0 && fstat(fd, &st) == 0);
	ck_assert_int_eq(digest_fd(fd, DIGEST_ALL, hex, &err), 0);
	*ret_bytes = st.st_size;
}

static int make_layer(const struct source_layer *s, int64_t max_bytes, struct layer_totals *total,
		      struct err *err)
{
	AUTO_FREE char *in = mem_printf("%s/in", f.top);
	AUTO_FREE char *out = mem_printf("%s/layers", f.top);
	struct opened o;

	ck_assert_int_eq(fd_mkdir_p(out, 0700), 0);
	AUTO_FD int layers = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(open_members(&f, in, BIG, &o, err) == 1, "%s", err->msg);
	int got = layer_make(o.members, s, layers, max_bytes, total, err);
	close_members(&o);
	return got;
}

/* The records of one file of the layer, as "f:PATH " or "s:PATH=TARGET ". */
static void print_records(const char *id, const char *name, struct buf *all)
{
	static const char letters[LAYER_KINDS] = {
		[LAYER_FOLDER] = 'd',   [LAYER_FILE] = 'f',    [LAYER_SYMLINK] = 's',
		[LAYER_HARDLINK] = 'h', [LAYER_DROPPED] = 'c', [LAYER_HIDDEN] = 'w',
		[LAYER_OPAQUE] = 'o',
	};
	AUTO_FREE char *path = mem_printf("%s/layers/%s/%s", f.top, id, name);
	AUTO_FILE FILE *in = fopen(path, "r");
	AUTO_RECORD r = { 0 };
	struct err err = { 0 };
	int got;

	ck_assert_msg(in, "%s", path);
	while ((got = layer_record_read(in, &r, &err)) == 1) {
		buf_printf(all, "%c:%.*s", letters[r.kind], (int)r.path.len, r.path.data);
		if (r.target.len > 0)
			buf_printf(all, "=%.*s", (int)r.target.len, r.target.data);
		buf_str(all, " ");
	}
	ck_assert_msg(got == 0, "%s", err.msg);
}

/* "f:PATH", "d:PATH", "s:PATH=TARGET", "h:PATH=TARGET", "c:PATH" (a device), by spaces. */
static void put_words(struct archive *a, const void *ctx)
{
	AUTO_FREE char *words = mem_strdup(ctx);
	char *save;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *target = strchr(w, '=');
		if (target)
			*target++ = '\0';
		if (*w == 'd')
			tar_folder(a, w + 2, 0755);
		else if (*w == 's')
			tar_symlink(a, w + 2, target);
		else if (*w == 'h')
			tar_hardlink(a, w + 2, target);
		else
			tar_put(a, tar_entry(w + 2, (*w == 'c' ? S_IFCHR : S_IFREG) | 0644), "");
	}
}

/* %s in @words and @want is @name; @want: records of entries, "| ", records of hides. */
static const struct {
	const char *label, *words, *name, *want, *why;
} rows[] = {
	{ "nothing", "", "", "| ", NULL },
	{ "each kind", "d:d f:d/f s:s=d h:h=d/f c:c", "", "d:d f:d/f s:s=d h:h=d/f c:c | ", NULL },
	{ "a path is cleaned", "f:./a//b", "", "f:a/b | ", NULL },

	{ "whiteout", "f:.wh.a", "", "| w:a ", NULL },
	{ "whiteout in a folder", "f:d/.wh.a", "", "| w:d/a ", NULL },
	{ "whiteout behind ./", "f:./.wh.a", "", "| w:a ", NULL },
	{ "whiteout that is a folder", "d:.wh.a/", "", "| w:a ", NULL },
	{ "whiteout that is a folder, with a dot", "d:.wh.a/.", "", "| w:a ", NULL },
	{ "whiteout that is a device", "c:d/.wh.a", "", "| w:d/a ", NULL },
	{ "whiteout of a whiteout's prefix", "f:.wh.wh.a", "", "| w:wh.a ", NULL },
	{ "whiteout of dots", "f:.wh....", "", "| w:... ", NULL },
	{ "whiteouts keep their order", "f:.wh.b f:a f:.wh.a", "", "f:a | w:b w:a ", NULL },
	{ "less than the prefix", "f:.wh f:.wha f:.w.wh.a", "", "f:.wh f:.wha f:.w.wh.a | ", NULL },
	{ "another case", "f:.WH.a", "", "f:.WH.a | ", NULL },
	{ "a folder's name is no mark", "f:.wh.a/b", "", "f:.wh.a/b | ", NULL },
	{ "no name", "f:d/.wh.", "", NULL, "whiteout 'd/.wh.' names nothing" },
	{ "the folder itself", "f:.wh..", "", NULL, "whiteout '.wh..' names nothing" },
	{ "the folder above", "f:d/.wh...", "", NULL, "whiteout 'd/.wh...' names nothing" },
	{ "whiteout outside", "f:../.wh.a", "", NULL, "'..'" },
	{ "the longest name that is hidden", "f:.wh.%s", n255, "| w:%s ", NULL },
	{ "a longer one", "f:.wh.%sn", n255, NULL, "too long" },
	{ "the longest path that is hidden", "f:%1$.3840sn/.wh.%1$.253s", p4095,
	  "| w:%1$.3840sn/%1$.253s ", NULL },
	{ "a longer path", "f:%1$.3840sn/.wh.%1$.254s", p4095, NULL, "too long" },

	{ "opaque", "f:d/.wh..wh..opq", "", "| o:d ", NULL },
	{ "opaque top", "f:.wh..wh..opq", "", "| o: ", NULL },
	{ "opaque top behind ./", "f:./.wh..wh..opq", "", "| o: ", NULL },
	{ "opaque that is a folder", "d:d/.wh..wh..opq/", "", "| o:d ", NULL },
	{ "opaque outside", "f:../.wh..wh..opq", "", NULL, "'..'" },
	{ "one byte less than opaque", "f:d/.wh..wh..op", "", "| ", NULL },
	{ "one byte more than opaque", "f:d/.wh..wh..opqx", "", "| ", NULL },

	{ "reserved", "f:.wh..wh.aufs f:a", "", "f:a | ", NULL },
	{ "reserved in a folder", "f:d/.wh..wh.orph f:a", "", "f:a | ", NULL },
	{ "the reserved prefix alone", "f:.wh..wh. f:a", "", "f:a | ", NULL },
	{ "one byte less than reserved", "f:d/.wh..wh", "", "| w:d/.wh ", NULL },
	{ "below reserved", "d:.wh..wh.plnk f:.wh..wh.plnk/x f:a", "", "f:a | ", NULL },
	{ "far below reserved", "f:d/.wh..wh.plnk/e/x f:a", "", "f:a | ", NULL },
	{ "a link below reserved", "s:.wh..wh.plnk/x=a f:a", "", "f:a | ", NULL },
	{ "whiteout below reserved", "f:.wh..wh.plnk/.wh.x f:a", "", "f:a | ", NULL },
	{ "opaque below reserved", "f:.wh..wh.plnk/.wh..wh..opq f:a", "", "f:a | ", NULL },
	{ "reserved inside a name", "f:d/x.wh..wh.plnk", "", "f:d/x.wh..wh.plnk | ", NULL },

	{ "hard link outside", "h:a=../b", "", NULL, "'..'" },
	{ "hard link is cleaned", "h:a=./b", "", "h:a=b | ", NULL },
	{ "entry outside", "f:d/../../a", "", NULL, "'..'" },
	{ "the longest target", "s:a=%s", p4095, "s:a=%s | ", NULL },
	{ "a longer target", "s:a=%sn", p4095, NULL, "no target, or one above 4095 bytes" },
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static char *with_name(const char *text, const char *name)
{
	return text && strchr(text, '%') ? mem_printf(text, name) : mem_strdup(text ? text : "");
}
#pragma GCC diagnostic pop

START_TEST(a_layer)
{
	AUTO_FREE char *words = with_name(rows[_i].words, rows[_i].name);
	AUTO_FREE char *want = with_name(rows[_i].want, rows[_i].name);
	struct source_layer s = { .member = (char *)"l", .bytes = -1 };
	struct layer_totals total = { 0 };
	struct err err = { 0 };
	AUTO_BUF all = { 0 };
	int64_t bytes;

	make_archive(put_words, words, s.diff_id, &bytes);
	int got = make_layer(&s, BIG, &total, &err);
	if (rows[_i].why) {
		ck_assert_msg(got == -1, "%s: accepted", rows[_i].label);
		ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, rows[_i].why), "%s: '%s'",
			      rows[_i].label, err.msg);
		ck_assert_msg(total.entries == 0, "%s: counted", rows[_i].label);
		return;
	}
	ck_assert_msg(got == 0, "%s: %s", rows[_i].label, err.msg);
	print_records(s.diff_id, "entries", &all);
	buf_str(&all, "| ");
	print_records(s.diff_id, "hides", &all);
	ck_assert_msg(strcmp(all.data, want) == 0, "%s: '%s'", rows[_i].label, all.data);
}
END_TEST

/* ---- limits, and what a layer is said to be ---- */

static void put_hundred(struct archive *a, const void *ctx)
{
	(void)ctx;
	tar_file(a, "a", "12345678901234567890123456789012345678901234567890");
	tar_file(a, "b", "12345678901234567890123456789012345678901234567890");
	tar_file(a, ".wh.c", "");
}

enum what { STORED, DIFF_ID, BYTES, NONE };

/* Of a layer with 100 bytes in three entries, one of them a mark; what came before is in the totals. */
static const struct {
	const char *label;
	int64_t max_bytes, bytes, entries;
	enum what wrong;
	int more; /* said beyond the size of the blob */
	const char *why;
} limits[] = {
	{ "exactly the bytes", 100, 0, 0, NONE, 0, NULL },
	{ "a byte too many", 99, 0, 0, NONE, 0, "more than 99" },
	{ "exactly the bytes, with those before", 107, 7, 0, NONE, 0, NULL },
	{ "a byte too many, with those before", 107, 8, 0, NONE, 0, "more than 107" },
	{ "exactly the entries", 100, 0, IMAGE_MAX_ENTRIES - 3, NONE, 0, NULL },
	{ "an entry too many", 100, 0, IMAGE_MAX_ENTRIES - 2, NONE, 0, "4000000 entries" },
	{ "another blob", 100, 0, 0, STORED, 0, "layer 'l': it has sha256 " },
	{ "another tar", 100, 0, 0, DIFF_ID, 0, "its uncompressed tar has sha256 " },
	{ "exactly the size", 100, 0, 0, BYTES, 0, NULL },
	{ "a longer blob", 100, 0, 0, BYTES, 1, "bytes, expected " },
	{ "a shorter blob", 100, 0, 0, BYTES, -1, "bytes, expected " },
	/* Of a damaged blob the digest is the complaint, not what is in it. */
	{ "another blob with too much in it", 99, 0, 0, STORED, 0, "layer 'l': it has sha256 " },
};

START_TEST(a_limit)
{
	const int64_t before = limits[_i].entries;
	char other[DIGEST_HEX] = D1;
	struct source_layer s = { .member = (char *)"l", .bytes = -1 };
	struct layer_totals total = { .bytes = limits[_i].bytes, .entries = before };
	struct err err = { 0 };
	int64_t bytes;

	make_archive(put_hundred, NULL, s.diff_id, &bytes);
	if (limits[_i].wrong == STORED)
		s.digest = other;
	if (limits[_i].wrong == DIFF_ID)
		memcpy(s.diff_id, D1, sizeof D1);
	if (limits[_i].wrong == BYTES)
		s.bytes = bytes + limits[_i].more;
	int got = make_layer(&s, limits[_i].max_bytes, &total, &err);
	ck_assert_msg(got == (limits[_i].why ? -1 : 0), "%s: %d '%s'", limits[_i].label, got,
		      err.msg);
	if (limits[_i].why) {
		ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, limits[_i].why),
			      "%s: '%s'", limits[_i].label, err.msg);
		ck_assert_int_eq(total.bytes, limits[_i].bytes);
		ck_assert_int_eq(total.entries, before);
		return;
	}
	ck_assert_int_eq(total.bytes, limits[_i].bytes + 100);
	ck_assert_int_eq(total.entries, before + 3);
}
END_TEST

/* Made twice, the files of a layer lie by number, with their own times, in folders of no time. */
START_TEST(files_lie_by_number)
{
	struct source_layer s = { .member = (char *)"l", .bytes = -1 };
	struct layer_totals total = { 0 };
	struct err err = { 0 };
	struct stat st;
	int64_t bytes;

	make_archive(put_hundred, NULL, s.diff_id, &bytes);
	ck_assert_msg(make_layer(&s, BIG, &total, &err) == 0, "%s", err.msg);
	AUTO_FREE char *layer = mem_printf("%s/layers/%s", f.top, s.diff_id);
	AUTO_FREE char *second = mem_printf("%s/files/2", layer);
	AUTO_FREE char *third = mem_printf("%s/files/3", layer);
	ck_assert(stat(second, &st) == 0 && st.st_size == 50);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	ck_assert(stat(layer, &st) == 0 && st.st_mtim.tv_sec == 0);
	ck_assert_int_eq(access(third, F_OK), -1);
	ck_assert_int_eq(make_layer(&s, BIG, &total, &err), -1); /* it is there already */
	ck_assert_int_eq(err.fault, FAULT_INFRA);
}
END_TEST

Suite *suite_import_layer(void);
Suite *suite_import_layer(void)
{
	TCase *tc = tcase_create("layer");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_layer, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_loop_test(tc, a_limit, 0, sizeof(limits) / sizeof(*limits));
	tcase_add_test(tc, files_lie_by_number);
	return root_suite("import/layer", tc);
}
