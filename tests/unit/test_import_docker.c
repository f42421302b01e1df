/* test_import_docker.c - manifest.json, and the config of an image wherever it comes from. */
#include "test_image_archive.h"

#include "import/docker.h"

/* One image: its config is called by its digest. Layers by spaces; @tags: JSON. */
static char *put_docker(struct archive *a, const char *config, const char *tags, const char *layers)
{
	AUTO_BUF list = { 0 };
	AUTO_FREE char *copy = mem_strdup(layers);
	char hex[DIGEST_HEX], *keep;

	digest_bytes(config, strlen(config), hex);
	AUTO_FREE char *name = mem_printf("%s.json", hex);
	tar_file(a, name, config);
	for (char *l = strtok_r(copy, " ", &keep); l; l = strtok_r(NULL, " ", &keep)) {
		tar_file(a, l, "layer");
		buf_printf(&list, "%s\"%s\"", list.len ? ", " : "", l);
	}
	return mem_printf("{\"Config\": \"%s\", \"RepoTags\": %s, \"Layers\": [%s]}", name, tags,
			  list.len ? list.data : "");
}

static void put_manifest(struct archive *a, const char *images)
{
	AUTO_FREE char *text = mem_printf("[%s]", images);
	tar_file(a, "manifest.json", text);
}

START_TEST(an_image_is_read_whole)
{
	struct store_fixture f;
	struct image_source s;
	struct err err = { 0 };
	fixture_make(&f);
	AUTO_FREE char *config = config_text(2, "\"Env\": [\"A=1\", \"B=\", \"A=2=3\"], "
						"\"User\": \"u:g\", \"WorkingDir\": \"/srv\"");
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	AUTO_FREE char *image = put_docker(a, config, "[\"x:1\"]", D1 "/layer.tar " D2 ".tar");
	put_manifest(a, image);
	tar_close(a);
	ck_assert_msg(load_source(&f, "whatever", &s, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(s.n_layers, 2);
	ck_assert_str_eq(s.layers[0].member, D1 "/layer.tar");
	ck_assert_str_eq(s.layers[1].member, D2 ".tar");
	for (int i = 0; i < 2; i++) {
		ck_assert_ptr_null(s.layers[i].digest); /* their names are no digests of blobs */
		ck_assert_int_eq(s.layers[i].bytes, -1);
		ck_assert_str_eq(s.layers[i].diff_id, D1);
	}
	ck_assert_uint_eq(strv_len(s.env), 2);
	ck_assert_str_eq(s.env[0], "A=2=3");
	ck_assert_str_eq(s.env[1], "B=");
	ck_assert_str_eq(s.user, "u:g");
	ck_assert_str_eq(s.working_dir, "/srv");
	image_source_done(&s);
	fixture_remove(&f);
}
END_TEST

START_TEST(names_choose)
{
	struct store_fixture f;
	fixture_make(&f);
	AUTO_FREE char *config1 = config_text(1, ""), *config2 = config_text(1, "\"User\": \"2\"");
	AUTO_FREE char *config3 = config_text(1, "\"User\": \"3\"");
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	/* Layers called by the digest of the blob are verified by it. */
	AUTO_FREE char *one = put_docker(a, config1, "[\"x:1\", \"s/z:9\"]", "blobs/sha256/" D1);
	AUTO_FREE char *two = put_docker(a, config2, "[\"x:2\"]", "blobs/sha256/" D2);
	AUTO_FREE char *none = put_docker(a, config3, "null", D1 ".tar");
	AUTO_FREE char *all = mem_printf("%s, %s, %s", one, two, none);
	put_manifest(a, all);
	tar_close(a);
	struct image_source s;
	struct err err = { 0 };
	ck_assert_msg(load_source(&f, "z", &s, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(s.layers[0].digest, D1);
	image_source_done(&s);
	ck_assert_msg(load_source(&f, "x:2", &s, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(s.layers[0].digest, D2);
	ck_assert_str_eq(s.user, "2");
	image_source_done(&s);
	assert_no_source(&f, "w", "no such tag", "it has x:1, s/z:9, x:2, <none>;");
	assert_no_source(&f, "x", "two of them", "several images");
	fixture_remove(&f);
}
END_TEST

static const struct {
	const char *name;
	const char *hex;
} digests[] = {
	{ D1 ".json", D1 },        { D1, D1 },
	{ "sha256:" D1, D1 },      { "blobs/sha256/" D1, D1 },
	{ "config.json", NULL },   { D1 ".tar", NULL },
	{ D1 "/layer.tar", NULL }, { D1 "1", NULL },
	{ "sha512:" D1, NULL },    { "111.json", NULL },
};

START_TEST(a_name_that_is_a_digest)
{
	char hex[DIGEST_HEX] = "";
	ck_assert_msg(docker_digest(digests[_i].name, hex) == !!digests[_i].hex, "%s",
		      digests[_i].name);
	ck_assert_str_eq(hex, digests[_i].hex ? digests[_i].hex : "");
}
END_TEST

/* ---- manifest.json ---- */

#define LAYERS "\"Layers\": [\"" D1 ".tar\"]"
static const struct {
	const char *label, *manifest, *why;
} manifests[] = {
	{ "object", "{}", "manifest.json: expected an array" },
	{ "empty", "[]", "manifest.json: contains no image" },
	{ "cut", "[{", "manifest.json" },
	{ "a number in it", "[1]", "manifest.json: [0]: expected an object" },
	{ "no config", "[{" LAYERS "}]", "manifest.json: [0].Config: it is missing" },
	{ "null config", "[{\"Config\": null, " LAYERS "}]", "[0].Config" },
	{ "no layers", "[{\"Config\": \"c.json\"}]", "manifest.json: [0].Layers: it is missing" },
	{ "text for layers", "[{\"Config\": \"c.json\", \"Layers\": \"x\"}]",
	  "[0].Layers: expected an array of strings" },
	{ "text for tags", "[{\"Config\": \"c.json\", \"RepoTags\": \"x\", " LAYERS "}]",
	  "[0].RepoTags" },
	{ "NUL in a tag", "[{\"Config\": \"c.json\", \"RepoTags\": [\"a\\u0000b\"], " LAYERS "}]",
	  "[0].RepoTags" },
	{ "config that is not there", "[{\"Config\": \"no.json\", " LAYERS "}]",
	  "'no.json': it is not in the archive" },
	{ "config elsewhere", "[{\"Config\": \"/etc/passwd\", " LAYERS "}]", "'/etc/passwd'" },
	{ "config that climbs", "[{\"Config\": \"../x\", " LAYERS "}]", "'../x'" },
	{ "layer that is not there", "[{\"Config\": \"c.json\", \"Layers\": [\"no.tar\"]}]",
	  "layer 'no.tar' is not in the archive" },
	{ "layer that climbs", "[{\"Config\": \"c.json\", \"Layers\": [\"../../x\"]}]",
	  "layer '../../x' is not in the archive" },
	{ "two layers", "[{\"Config\": \"c.json\", \"Layers\": [\"" D1 ".tar\", \"" D1 ".tar\"]}]",
	  "c.json: rootfs.diff_ids: 1 digests, but the image has 2 layers" },
	{ "no layer", "[{\"Config\": \"c.json\", \"Layers\": null}]",
	  "1 digests, but the image has 0 layers" },
	{ "another digest", "[{\"Config\": \"" D2 ".json\", " LAYERS "}]",
	  D2 ".json: it has sha256" },
};

START_TEST(a_manifest_is_refused)
{
	struct store_fixture f;
	fixture_make(&f);
	AUTO_FREE char *config = config_text(1, "");
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_file(a, "c.json", config);
	tar_file(a, D2 ".json", config);
	tar_file(a, D1 ".tar", "layer");
	tar_file(a, "manifest.json", manifests[_i].manifest);
	tar_close(a);
	assert_no_source(&f, "x", manifests[_i].label, manifests[_i].why);
	fixture_remove(&f);
}
END_TEST

static void put_many(struct archive *a, int images, int layers)
{
	AUTO_BUF all = { 0 }, list = { 0 };
	AUTO_FREE char *config = config_text((size_t)layers, "");
	tar_file(a, "c.json", config);
	tar_file(a, D1 ".tar", "layer");
	for (int i = 0; i < layers; i++)
		buf_printf(&list, "%s\"" D1 ".tar\"", i ? ", " : "");
	for (int i = 0; i < images; i++)
		buf_printf(&all, "%s{\"Config\": \"c.json\", \"Layers\": [%s]}", i ? ", " : "",
			   list.data);
	put_manifest(a, all.data);
}

START_TEST(limits_allow_themselves)
{
	static const struct {
		int images, layers;
		const char *why;
	} rows[] = {
		{ 1000, 1, NULL },
		{ 1001, 1, "1001 images" },
		{ 1, 512, NULL },
		{ 1, 513, "513 layers" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_fixture f;
		struct image_source s;
		struct err err = { 0 };
		fixture_make(&f);
		struct archive *a = tar_open(f.tar, TAR_PLAIN);
		put_many(a, rows[i].images, rows[i].layers);
		tar_close(a);
		if (rows[i].why) {
			assert_no_source(&f, "x", rows[i].why, rows[i].why);
		} else {
			ck_assert_msg(load_source(&f, "x", &s, &err) == 0, "%s", err.msg);
			ck_assert_int_eq((int)s.n_layers, rows[i].layers);
			image_source_done(&s);
		}
		fixture_remove(&f);
	}
}
END_TEST

/* ---- the config ---- */

#define ROOTFS "\"rootfs\": {\"type\": \"layers\", \"diff_ids\": [\"sha256:" D1 "\"]}"
#define ENV(text) "{\"config\": {\"Env\": " text "}, " ROOTFS "}"
static const struct {
	const char *label, *config, *why;
} configs[] = {
	{ "as little as may be", "{" ROOTFS "}", NULL },
	{ "null for all", "{\"os\": null, \"architecture\": null, \"config\": null, " ROOTFS "}",
	  NULL },
	{ "null within",
	  "{\"config\": {\"Env\": null, \"User\": null, \"WorkingDir\": null}, " ROOTFS "}", NULL },
	{ "keys of others", "{\"x\": [{}], \"history\": [{\"empty_layer\": true}], " ROOTFS "}",
	  NULL },
	{ "no machine", "{\"os\": \"\", \"architecture\": \"\", " ROOTFS "}", NULL },
	{ "array", "[]", "c.json: expected an object" },
	{ "another machine", "{\"os\": \"linux\", \"architecture\": \"vax\", " ROOTFS "}",
	  "c.json: the image is for linux/vax" },
	{ "another system", "{\"os\": \"windows\", " ROOTFS "}", "is for windows/" },
	{ "no rootfs", "{}", "c.json.rootfs: it is missing" },
	{ "no diff_ids", "{\"rootfs\": {}}", "c.json: rootfs.diff_ids: 0 digests" },
	{ "of Windows", "{\"rootfs\": {\"type\": \"layers+base\"}}",
	  "c.json: rootfs.type: expected 'layers'" },
	{ "short digest", "{\"rootfs\": {\"diff_ids\": [\"sha256:11\"]}}",
	  "c.json: rootfs.diff_ids[0]: expected a digest" },
	{ "sha512", "{\"rootfs\": {\"diff_ids\": [\"sha512:" D1 D1 "\"]}}",
	  "rootfs.diff_ids[0]: expected a digest, 'sha256:'" },
	{ "capitals",
	  "{\"rootfs\": {\"diff_ids\": [\"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]}}",
	  "64 lower hex digits" },
	{ "a number", "{\"rootfs\": {\"diff_ids\": [1]}}",
	  "c.json: rootfs.diff_ids: expected an array of strings" },
	{ "env without a sign", ENV("[\"A=1\", \"PATH\"]"),
	  "c.json: config.Env[1]: expected NAME=VALUE, got 'PATH'" },
	{ "env without a name", ENV("[\"=1\"]"), "c.json: config.Env[0]: expected NAME=VALUE" },
	{ "empty env", ENV("[\"\"]"), "config.Env[0]" },
	{ "env that is an object", ENV("{\"A\": \"1\"}"),
	  "c.json: config.Env: expected an array of strings" },
	{ "NUL in env", ENV("[\"A=\\u0000\"]"), "config.Env" },
	{ "user of a number", "{\"config\": {\"User\": 1000}, " ROOTFS "}",
	  "c.json: config.User: expected a string" },
	{ "NUL in a folder", "{\"config\": {\"WorkingDir\": \"/\\u0000\"}, " ROOTFS "}",
	  "config.WorkingDir" },
	{ "config that is a list", "{\"config\": [], " ROOTFS "}",
	  "c.json.config: expected an object" },
};

static void put_config(const struct store_fixture *f, const char *config)
{
	struct archive *a = tar_open(f->tar, TAR_PLAIN);
	tar_file(a, "c.json", config);
	tar_file(a, D1 ".tar", "layer");
	tar_file(a, "manifest.json", "[{\"Config\": \"c.json\", " LAYERS "}]");
	tar_close(a);
}

START_TEST(a_config)
{
	struct store_fixture f;
	struct image_source s;
	struct err err = { 0 };
	fixture_make(&f);
	put_config(&f, configs[_i].config);
	if (configs[_i].why) {
		assert_no_source(&f, "x", configs[_i].label, configs[_i].why);
	} else {
		ck_assert_msg(load_source(&f, "x", &s, &err) == 0, "%s: %s", configs[_i].label,
			      err.msg);
		ck_assert(!s.user && !s.working_dir && strv_len(s.env) == 0);
		image_source_done(&s);
	}
	fixture_remove(&f);
}
END_TEST

/* @before, then 'x' @n times, then @after. */
static char *repeated(const char *before, int n, const char *after)
{
	AUTO_BUF b = { 0 };
	buf_str(&b, before);
	for (int i = 0; i < n; i++)
		buf_str(&b, "x");
	buf_str(&b, after);
	return buf_take(&b);
}

static char *many_variables(int n)
{
	AUTO_BUF b = { 0 };
	buf_str(&b, "{\"config\": {\"Env\": [");
	for (int i = 0; i < n; i++)
		buf_printf(&b, "%s\"V%d=\"", i ? ", " : "", i);
	buf_str(&b, "]}, " ROOTFS "}");
	return buf_take(&b);
}

START_TEST(words_have_limits)
{
	static const struct {
		const char *before, *after;
		int n;
		const char *why;
	} rows[] = {
		{ "{\"config\": {\"User\": \"", "\"}, " ROOTFS "}", 4096,
		  "config.User: more than 4096 bytes" },
		{ "{\"config\": {\"WorkingDir\": \"", "\"}, " ROOTFS "}", 4096,
		  "config.WorkingDir: more than 4096 bytes" },
		{ "{\"config\": {\"Env\": [\"A=", "\"]}, " ROOTFS "}", 131069,
		  "config.Env[0]: more than 131071 bytes" },
		{ NULL, NULL, 1000, "config.Env: 1001 entries" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_fixture f;
		struct image_source s;
		struct err err = { 0 };
		fixture_make(&f);
		for (int more = 0; more < 2; more++) {
			AUTO_FREE char *config = rows[i].before ?
							 repeated(rows[i].before, rows[i].n + more,
								  rows[i].after) :
							 many_variables(rows[i].n + more);
			put_config(&f, config);
			if (more) {
				assert_no_source(&f, "x", rows[i].why, rows[i].why);
			} else {
				ck_assert_msg(load_source(&f, "x", &s, &err) == 0, "%s", err.msg);
				image_source_done(&s);
			}
		}
		fixture_remove(&f);
	}
}
END_TEST

START_TEST(documents_have_limits)
{
	struct store_fixture f;
	struct image_source s;
	struct err err = { 0 };
	fixture_make(&f);
	AUTO_FREE char *config = mem_alloc((4 << 20) + 2);
	memset(config, ' ', (4 << 20) + 1);
	memcpy(config, "{" ROOTFS "}", strlen("{" ROOTFS "}"));
	put_config(&f, config);
	assert_no_source(&f, "x", "n + 1", "4194305 bytes, expected at most 4194304");
	config[4 << 20] = '\0';
	put_config(&f, config);
	ck_assert_msg(load_source(&f, "x", &s, &err) == 0, "%s", err.msg);
	image_source_done(&s);
	fixture_remove(&f);
}
END_TEST

Suite *suite_import_docker(void);
Suite *suite_import_docker(void)
{
	Suite *s = suite_create("import/docker");
	TCase *tc = tcase_create("docker");
	tcase_set_timeout(tc, 120);
#define N(rows) (int)(sizeof(rows) / sizeof(*(rows)))
	tcase_add_test(tc, an_image_is_read_whole);
	tcase_add_test(tc, names_choose);
	tcase_add_loop_test(tc, a_name_that_is_a_digest, 0, N(digests));
	tcase_add_loop_test(tc, a_manifest_is_refused, 0, N(manifests));
	tcase_add_test(tc, limits_allow_themselves);
	tcase_add_loop_test(tc, a_config, 0, N(configs));
	tcase_add_test(tc, words_have_limits);
	tcase_add_test(tc, documents_have_limits);
#undef N
	suite_add_tcase(s, tc);
	return s;
}
