/* test_import_layer_merge.c - what layers make when one lies over the other. */
#include "import/layer.h"
#include "import/layer_index.h"
#include "test_image_fixture.h"

static char top[40];
static int n_layers;

static int open_at(const char *path, int flags, mode_t mode)
{
	AUTO_FREE char *full = mem_printf("%s/%s", top, path);
	int fd = open(full, flags, mode);
	ck_assert_msg(fd >= 0, "%s", full);
	return fd;
}

static FILE *stream(const char *path)
{
	return fdopen(open_at(path, O_WRONLY | O_CREAT | O_APPEND, 0600), "a");
}

static void folder_at(const char *path)
{
	AUTO_FREE char *full = mem_printf("%s/%s", top, path);
	ck_assert_int_eq(fd_mkdir_p(full, 0755), 0);
}

static void record(FILE *f, enum layer_kind kind, const char *path, const char *target,
		   uint64_t number)
{
	struct layer_record r = { .kind = kind, .number = number };
	struct err err = { 0 };

	r.attr.mode = kind == LAYER_FOLDER  ? S_IFDIR | 0755 :
		      kind == LAYER_DROPPED ? S_IFCHR | 0600 :
					      S_IFREG | 0644;
	r.attr.mtime.tv_sec = 1000;
	buf_str(&r.path, path);
	buf_str(&r.target, target);
	ck_assert_int_eq(layer_record_write(f, &r, &err), 0);
	layer_record_done(&r);
}

/*
 * One layer in a line of words: "d:PATH" folder, "f:PATH" file that holds the number of its layer,
 * "s:PATH=TARGET" link, "h:PATH=TARGET" hard link, "c:PATH" device, "w:PATH" whiteout, "o:PATH"
 * opaque folder ("o:" is the top).
 */
static void layer_put(char *words)
{
	AUTO_FREE char *dir = mem_printf("layer%d", n_layers);
	AUTO_FREE char *files = mem_printf("%s/files", dir),
		       *entries = mem_printf("%s/entries", dir);
	AUTO_FREE char *hides = mem_printf("%s/hides", dir);
	char *save = NULL;
	uint64_t number = 0;

	folder_at(files);
	FILE *e = stream(entries), *h = stream(hides);
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *path = w + 2, *target = strchr(w, '=');
		if (target)
			*target++ = '\0';
		AUTO_FREE char *file = mem_printf("%s/%llx", files, (unsigned long long)++number);
		AUTO_FREE char *text = mem_printf("%d", n_layers);
		switch (*w) {
		case 'd':
			record(e, LAYER_FOLDER, path, "", 0);
			break;
		case 's':
			record(e, LAYER_SYMLINK, path, target, 0);
			break;
		case 'h':
			record(e, LAYER_HARDLINK, path, target, 0);
			break;
		case 'c':
			record(e, LAYER_DROPPED, path, "", 0);
			break;
		case 'w':
			record(h, LAYER_HIDDEN, path, "", 0);
			break;
		case 'o':
			record(h, LAYER_OPAQUE, path, "", 0);
			break;
		default: {
			AUTO_FD int fd = open_at(file, O_WRONLY | O_CREAT | O_EXCL, 0644);
			ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
			record(e, LAYER_FILE, path, "", number);
		}
		}
	}
	fclose(e);
	fclose(h);
	n_layers++;
}

static int print_entry(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct buf *all = ctx;
	char text[64] = "";
	(void)err;

	if (e->after || strcmp(e->path, ".") == 0)
		return 0;
	if (S_ISDIR(e->st->st_mode)) {
		buf_printf(all, "%s/ ", e->path);
		return 0;
	}
	if (S_ISLNK(e->st->st_mode)) {
		ck_assert_int_gt(readlinkat(e->dir, e->name, text, sizeof(text) - 1), 0);
		buf_printf(all, "%s>%s ", e->path, text);
		return 0;
	}
	AUTO_BUF content = { 0 };
	ck_assert_int_eq(file_read(e->dir, e->name, &content, 64), 0);
	buf_printf(all, "%s=%s ", e->path, content.data);
	return 0;
}

/* Merges the layers that were put. Return: the tree in a line, or the message of the error. */
static char *merged(int64_t *devices)
{
	struct writer w;
	struct err err = { 0 };
	AUTO_BUF all = { 0 };

	folder_at("rootfs");
	AUTO_FD int rootfs = open_at("rootfs", O_RDONLY | O_DIRECTORY, 0);
	ck_assert_int_eq(rootfs_writer_init(&w, rootfs, INT64_MAX, &err), 0);
	int got = 0;
	for (int i = 0; got == 0 && i < n_layers; i++) {
		AUTO_FREE char *dir = mem_printf("layer%d", i);
		AUTO_FD int fd = open_at(dir, O_RDONLY | O_DIRECTORY, 0);
		got = layer_merge(fd, &w, &err);
	}
	if (got == 0)
		got = rootfs_writer_finish(&w, &err);
	*devices = w.devices;
	rootfs_writer_done(&w);
	if (got < 0)
		return mem_strdup(err.msg);
	ck_assert_int_eq(walk_tree(rootfs, print_entry, &all, &err), 0);
	return buf_take(&all);
}

static const struct {
	const char *label, *layers[3], *tree;
} rows[] = {
	{ "a file over a file", { "f:a", "f:a" }, "a=1 " },
	{ "a folder stays one", { "d:a f:a/x", "d:a f:a/y" }, "a/ a/x=0 a/y=1 " },
	{ "a file over a folder", { "d:a f:a/x", "f:a" }, "a=1 " },
	{ "a folder over a file", { "f:a", "d:a f:a/x" }, "a/ a/x=1 " },
	{ "a folder that nobody said over a file", { "f:a", "f:a/x" }, "a/ a/x=1 " },
	{ "a folder over a link", { "d:b f:b/x s:a=b", "d:a f:a/y" }, "a/ a/y=1 b/ b/x=0 " },
	{ "a link over a folder", { "d:a f:a/x", "s:a=b" }, "a>b " },
	{ "through a link",
	  { "d:usr d:usr/lib s:lib=usr/lib", "f:lib/x" },
	  "lib>usr/lib usr/ usr/lib/ usr/lib/x=1 " },
	{ "twice in a layer", { "f:a d:a f:a/x f:a/x" }, "a/ a/x=0 " },
	{ "a folder that nobody said over a device", { "c:a", "f:a/x" }, "a/ a/x=1 " },

	{ "whiteout", { "f:a f:b", "w:a" }, "b=0 " },
	{ "whiteout of a folder", { "d:a f:a/x f:b", "w:a" }, "b=0 " },
	{ "whiteout spares its own layer", { "d:a f:a/x", "w:a d:a f:a/y" }, "a/ a/y=1 " },
	{ "whiteout after what it spares", { "f:a", "f:a w:a" }, "a=1 " },
	{ "whiteout of nothing", { "f:a", "w:b w:c/d" }, "a=0 " },
	{ "whiteout below a file", { "f:a", "w:a/b" }, "a=0 " },
	{ "whiteout two layers below", { "f:a", "f:b", "w:a" }, "b=1 " },
	{ "whiteout below a link of its own layer",
	  { "d:a f:a/two d:other f:other/two", "s:a=other w:a/two" },
	  "a>other other/ other/two=0 " },
	{ "whiteout below a link of a lower layer",
	  { "d:other f:other/two s:a=other", "w:a/two" },
	  "a>other other/ other/two=0 " },
	{ "whiteout of a link", { "f:b s:a=b", "w:a" }, "b=0 " },
	{ "opaque", { "d:a f:a/x d:a/d f:a/d/y", "d:a o:a f:a/z" }, "a/ a/z=1 " },
	{ "opaque after its own entries", { "d:a f:a/x", "d:a f:a/z o:a" }, "a/ a/z=1 " },
	{ "opaque through a link", { "d:b f:b/x s:a=b", "o:a" }, "a>b b/ b/x=0 " },
	{ "opaque file", { "f:a", "o:a" }, "a=0 " },
	{ "opaque top", { "d:a f:a/x f:b", "o: f:c" }, "c=1 " },

	{ "hard link across layers", { "f:a", "h:b=a" }, "a=0 b=0 " },
	{ "hard link to what is hidden",
	  { "f:a", "w:a h:b=a" },
	  "hard link 'b' points to 'a', which is no file of the image before it" },
	{ "hard link to what comes later",
	  { "h:b=a f:a" },
	  "hard link 'b' points to 'a', which is no file of the image before it" },
	{ "hard link, then a new file", { "f:a h:b=a", "f:a" }, "a=1 b=0 " },
	{ "device over a file", { "f:a", "c:a" }, "" },
	{ "whiteout of a device", { "c:a f:b", "w:a" }, "b=0 " },
	{ "outside",
	  { "s:a=/../../../tmp", "f:a/moulette-evil" },
	  "entry 'a/moulette-evil' goes through a link that leads nowhere in the image" },
};

START_TEST(layers_make_a_tree)
{
	int64_t devices;

	strcpy(top, "/tmp/moulette-unit-merge-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	n_layers = 0;
	for (int i = 0; i < 3 && rows[_i].layers[i]; i++) {
		AUTO_FREE char *words = mem_strdup(rows[_i].layers[i]);
		layer_put(words);
	}
	AUTO_FREE char *tree = merged(&devices);
	ck_assert_msg(strcmp(tree, rows[_i].tree) == 0, "%s: '%s'", rows[_i].label, tree);
	ck_assert_int_ne(access("/tmp/moulette-evil", F_OK), 0);
	ck_assert_int_eq(devices, strcmp(rows[_i].label, "device over a file") == 0);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}
END_TEST

/* What is a layer's is a file of the image too, not a copy. */
START_TEST(files_are_shared)
{
	int64_t devices;
	struct stat a, b;
	char words[] = "f:a";

	strcpy(top, "/tmp/moulette-unit-merge-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	n_layers = 0;
	layer_put(words);
	AUTO_FREE char *tree = merged(&devices);
	ck_assert_str_eq(tree, "a=0 ");
	AUTO_FREE char *in_tree = mem_printf("%s/rootfs/a", top);
	AUTO_FREE char *in_layer = mem_printf("%s/layer0/files/1", top);
	ck_assert_int_eq(stat(in_tree, &a) == 0 && stat(in_layer, &b) == 0, 1);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}
END_TEST

/* What costs an inode or a walk counts, said or not. */
START_TEST(the_limit_of_entries_holds)
{
	const struct entry_attr attr = { .mode = S_IFREG | 0644 };
	struct writer w;
	struct err err = { 0 };

	strcpy(top, "/tmp/moulette-unit-merge-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	folder_at("rootfs");
	AUTO_FD int rootfs = open_at("rootfs", O_RDONLY | O_DIRECTORY, 0);
	ck_assert_int_eq(rootfs_writer_init(&w, rootfs, INT64_MAX, &err), 0);
	w.entries = IMAGE_MAX_ENTRIES - 4;
	ck_assert_int_eq(rootfs_writer_hide(&w, "x", false, &err), 0);
	ck_assert_msg(rootfs_writer_symlink(&w, "a/b/c", "d", &attr, &err) == 0, "%s", err.msg);
	w.entries = IMAGE_MAX_ENTRIES - 2;
	ck_assert_int_eq(rootfs_writer_symlink(&w, "d/e/f", "d", &attr, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "4000000 entries"));
	ck_assert_int_ne(faccessat(rootfs, "d/e", F_OK, 0), 0);
	w.entries = IMAGE_MAX_ENTRIES;
	ck_assert_int_eq(rootfs_writer_hide(&w, "x", false, &err), -1);
	ck_assert_int_eq(rootfs_writer_hide(&w, "a", true, &err), -1);
	ck_assert_int_eq(faccessat(rootfs, "a/b", F_OK, 0), 0);
	rootfs_writer_done(&w);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}
END_TEST

Suite *suite_import_layer_merge(void);
Suite *suite_import_layer_merge(void)
{
	TCase *tc = tcase_create("layer_merge");
	tcase_add_loop_test(tc, layers_make_a_tree, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, files_are_shared);
	tcase_add_test(tc, the_limit_of_entries_holds);
	return root_suite("import/layer_merge", tc);
}
