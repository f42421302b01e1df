/* test_import_oci.c - OCI layouts: descriptors, indexes, platforms, and what Docker 25 adds. */
#include "test_image_archive.h"

/* A layout of one image, of which a row changes one thing. */
struct layout_row {
	const char *label, *why; /* why NULL: accepted */
	const char *layout, *manifest_media, *config_media, *layer_media;
	const char *manifest_more, *layer_more; /* in the descriptor: the last of a key counts */
	const char *config_more;
	const char *in_manifest; /* further keys of the document */
	char without;            /* 'm', 'c' or 'l' is not in the archive */
};

#define CHART "application/vnd.cncf.helm.config.v1+json"
static const struct layout_row rows[] = {
	{ .label = "as it should be" },
	{ .label = "layout 1.1", .layout = "{\"imageLayoutVersion\": \"1.1.0\"}" },
	{ .label = "layout 2",
	  .layout = "{\"imageLayoutVersion\": \"2.0.0\"}",
	  .why = "oci-layout.imageLayoutVersion: expected 1.x, got '2.0.0'" },
	{ .label = "layout 10",
	  .layout = "{\"imageLayoutVersion\": \"10.0\"}",
	  .why = "oci-layout" },
	{ .label = "no layout version", .layout = "{}", .why = "oci-layout.imageLayoutVersion" },
	{ .label = "layout that is no JSON", .layout = "x", .why = "oci-layout: line 1" },

	{ .label = "docker's manifest",
	  .manifest_media = "application/vnd.docker.distribution.manifest.v2+json" },
	{ .label = "manifest of old",
	  .manifest_media = "application/vnd.docker.distribution.manifest.v1+prettyjws",
	  .why = "schemaVersion 1" },
	{ .label = "something else",
	  .manifest_media = "application/json",
	  .why = "index.json: contains no image, only application/json" },
	{ .label = "artifact",
	  .manifest_more = ", \"artifactType\": \"x/y\"",
	  .why = "contains no image" },
	{ .label = "manifest that is called an index",
	  .manifest_media = INDEX,
	  .why = "an index with 'layers' in it" },
	{ .label = "document that calls itself an index",
	  .in_manifest = ", \"mediaType\": \"" INDEX "\"",
	  .why = "but the document says '" INDEX "'" },
	{ .label = "both at once",
	  .in_manifest = ", \"manifests\": []",
	  .why = "a manifest with 'manifests' in it" },
	{ .label = "media type of its own", .in_manifest = ", \"mediaType\": \"" MANIFEST "\"" },
	{ .label = "schema 1", .in_manifest = ", \"schemaVersion\": 1", .why = "schemaVersion 1" },
	{ .label = "schema 3",
	  .in_manifest = ", \"schemaVersion\": 3",
	  .why = "schemaVersion: expected 2" },
	{ .label = "schema that is text",
	  .in_manifest = ", \"schemaVersion\": \"2\"",
	  .why = "schemaVersion" },
	{ .label = "config of nothing",
	  .in_manifest = ", \"config\": null",
	  .why = ".config: it is missing" },
	{ .label = "layers that are text",
	  .in_manifest = ", \"layers\": \"x\"",
	  .why = ".layers: expected an array" },
	{ .label = "layers of nothing",
	  .in_manifest = ", \"layers\": null",
	  .why = "1 digests, but the image has 0 layers" },
	{ .label = "layer that is text",
	  .in_manifest = ", \"layers\": [\"x\"]",
	  .why = ": layers[0]: expected an object" },
	{ .label = "size above", .manifest_more = ", \"size\": 1", .why = "bytes, expected 1" },
	{ .label = "negative size",
	  .manifest_more = ", \"size\": -1",
	  .why = "index.json: manifests[0].size: expected a whole number from 0" },
	{ .label = "huge size",
	  .manifest_more = ", \"size\": 1e30",
	  .why = "index.json: manifests[0].size" },
	{ .label = "size of nothing",
	  .manifest_more = ", \"size\": null",
	  .why = "manifests[0].size" },
	{ .label = "no manifest", .without = 'm', .why = "is not in the archive" },
	{ .label = "other manifest",
	  .manifest_more = ", \"digest\": \"sha256:" D1 "\"",
	  .why = D1 " is not in the archive" },
	{ .label = "no digest",
	  .manifest_more = ", \"digest\": null",
	  .why = "index.json: manifests[0].digest: it is missing" },
	{ .label = "sha512",
	  .manifest_more = ", \"digest\": \"sha512:" D1 D1 "\"",
	  .why = "index.json: manifests[0].digest: expected a digest, 'sha256:'" },
	{ .label = "path for a digest",
	  .manifest_more = ", \"digest\": \"sha256:../../../etc/passwd\"",
	  .why = "manifests[0].digest" },
	{ .label = "digest and more",
	  .manifest_more = ", \"digest\": \"sha256:" D1 "1\"",
	  .why = "manifests[0].digest" },
	{ .label = "no media type",
	  .manifest_more = ", \"mediaType\": null",
	  .why = "index.json: manifests[0].mediaType: it is missing" },
	{ .label = "NUL in a tag",
	  .manifest_more = TAGGED("a\\u0000b"),
	  .why = "manifests[0].annotations.org.opencontainers.image.ref.name" },
	{ .label = "annotations that are text",
	  .manifest_more = ", \"annotations\": \"x\"",
	  .why = "manifests[0].annotations: expected an object" },
	{ .label = "null annotations",
	  .manifest_more = ", \"annotations\": null, \"platform\": null" },

	{ .label = "docker's config",
	  .config_media = "application/vnd.docker.container.image.v1+json" },
	{ .label = "a chart",
	  .config_media = CHART,
	  .why = "expected the config of an image, got '" CHART "'" },
	{ .label = "no config", .without = 'c', .why = "is not in the archive" },
	{ .label = "size of the config",
	  .config_more = ", \"size\": 2",
	  .why = "bytes, expected 2" },

	{ .label = "no layer", .without = 'l', .why = "layer sha256:" },
	{ .label = "negative layer", .layer_more = ", \"size\": -5", .why = ": layers[0].size" },
	{ .label = "plain", .layer_media = "application/vnd.oci.image.layer.v1.tar" },
	{ .label = "zstd", .layer_media = "application/vnd.oci.image.layer.v1.tar+zstd" },
	{ .label = "docker", .layer_media = "application/vnd.docker.image.rootfs.diff.tar.gzip" },
	{ .label = "docker, plain", .layer_media = "application/vnd.docker.image.rootfs.diff.tar" },
	{ .label = "nondistributable",
	  .layer_media = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" },
	{ .label = "nondistributable, elsewhere",
	  .layer_media = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	  .without = 'l',
	  .why = "the nondistributable layer sha256:" },
	{ .label = "foreign, elsewhere",
	  .layer_media = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	  .without = 'l',
	  .why = "the nondistributable layer sha256:" },
	{ .label = "encrypted",
	  .layer_media = LAYER "+encrypted",
	  .why = ": layers[0]: the layer is encrypted" },
	{ .label = "a signature",
	  .layer_media = "application/vnd.dev.cosign.simplesigning.v1+json",
	  .why = ": layers[0].mediaType: expected a layer" },
	{ .label = "nearly a layer", .layer_media = LAYER "x", .why = "layers[0].mediaType" },
};

static const char *or_else(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

/* The descriptor of @text, whose blob is there unless the row says so. */
static char *described(struct archive *a, const struct layout_row *r, char which, const char *media,
		       const char *text, const char *more)
{
	char hex[DIGEST_HEX];
	if (r->without != which)
		return put_described(a, media, text, or_else(more, ""));
	digest_bytes(text, strlen(text), hex);
	return mem_printf("{\"mediaType\": \"%s\", \"digest\": \"sha256:%s\", \"size\": %zu%s}",
			  media, hex, strlen(text), or_else(more, ""));
}

static void put_layout(struct archive *a, const struct layout_row *r)
{
	AUTO_FREE char *text = config_text(1, "\"Env\": [\"A=1\"], \"User\": \"u\"");
	AUTO_FREE char *config = described(a, r, 'c', or_else(r->config_media, CONFIG), text,
					   r->config_more);
	AUTO_FREE char *layer = described(a, r, 'l', or_else(r->layer_media, LAYER), "layer",
					  r->layer_more);
	AUTO_FREE char *document =
		mem_printf("{\"schemaVersion\": 2, \"config\": %s, \"layers\": [%s]%s}", config,
			   layer, or_else(r->in_manifest, ""));
	AUTO_FREE char *manifest = described(a, r, 'm', or_else(r->manifest_media, MANIFEST),
					     document, r->manifest_more);
	AUTO_FREE char *index = mem_printf("{\"schemaVersion\": 2, \"manifests\": [%s]}", manifest);
	tar_file(a, "oci-layout", or_else(r->layout, "{\"imageLayoutVersion\": \"1.0.0\"}"));
	tar_file(a, "index.json", index);
}

START_TEST(a_layout)
{
	struct store_fixture f;
	struct image_source s;
	struct err err = { 0 };
	char hex[DIGEST_HEX];
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	put_layout(a, &rows[_i]);
	tar_close(a);
	if (rows[_i].why) {
		assert_no_source(&f, "x", rows[_i].label, rows[_i].why);
	} else {
		ck_assert_msg(load_source(&f, "x", &s, &err) == 0, "%s: %s", rows[_i].label,
			      err.msg);
		digest_bytes("layer", 5, hex);
		ck_assert_str_eq(s.layers[0].digest, hex);
		ck_assert_str_eq(s.layers[0].member + strlen("blobs/sha256/"), hex);
		ck_assert_int_eq(s.layers[0].bytes, 5);
		ck_assert_str_eq(s.layers[0].diff_id, D1);
		ck_assert_str_eq(s.env[0], "A=1");
		ck_assert_str_eq(s.user, "u");
		image_source_done(&s);
	}
	fixture_remove(&f);
}
END_TEST

/* A blob that is not what its name says. */
START_TEST(documents_are_verified)
{
	for (int which = 0; which < 2; which++) {
		struct store_fixture f;
		char hex[DIGEST_HEX], other[DIGEST_HEX];
		fixture_make(&f);
		struct archive *a = tar_open(f.tar, TAR_PLAIN);
		AUTO_FREE char *config = config_text(1, "");
		AUTO_FREE char *image = put_image(a, "one", "");
		put_index(a, image);
		digest_bytes(config, strlen(config), hex);
		if (which == 1) /* the manifest instead */
			memcpy(hex, strstr(image, "sha256:") + 7, 64);
		AUTO_FREE char *name = mem_printf("blobs/sha256/%s", hex);
		/* Of the same size: one byte is another one. */
		long bytes = which ? strtol(strstr(image, "\"size\": ") + 8, NULL, 10) :
				     (long)strlen(config);
		AUTO_FREE char *text = mem_alloc((size_t)bytes + 1);
		memset(text, ' ', (size_t)bytes);
		text[0] = '{';
		text[bytes - 1] = '}';
		tar_file(a, name, text);
		tar_close(a);
		digest_bytes(text, (size_t)bytes, other);
		AUTO_FREE char *why = mem_printf("%s: it has sha256 %s", hex, other);
		assert_no_source(&f, "x", "changed", why);
		fixture_remove(&f);
	}
}
END_TEST

/* ---- several ---- */

static void put_three(struct archive *a)
{
	AUTO_FREE char *one = put_image(a, "one", TAGGED("x:1"));
	AUTO_FREE char *again = put_image(a, "one", TAGGED("other"));
	AUTO_FREE char *two = put_image(
		a, "two",
		", \"annotations\": {\"io.containerd.image.name\": "
		"\"docker.io/school/y:2\", \"org.opencontainers.image.ref.name\": \"2\"}");
	AUTO_FREE char *all = mem_printf("%s, %s, %s", one, again, two);
	put_index(a, all);
}

START_TEST(names_choose)
{
	struct store_fixture f;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	put_three(a);
	tar_close(a);
	assert_chosen(&f, "x", "one");
	assert_chosen(&f, "other", "one");
	assert_chosen(&f, "y", "two");
	assert_chosen(&f, "school/y:2", "two");
	assert_chosen(&f, "2", "two");
	assert_no_source(
		&f, "z", "none",
		"no image 'z' in the archive; it has x:1, other, 2, docker.io/school/y:2;");
	fixture_remove(&f);
}
END_TEST

START_TEST(one_image_is_not_asked)
{
	struct store_fixture f;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	AUTO_FREE char *one = put_image(a, "one", TAGGED("x:1"));
	AUTO_FREE char *again = put_image(a, "one", TAGGED("y:1"));
	AUTO_FREE char *proof =
		put_image(a, "proof",
			  ", \"annotations\": "
			  "{\"vnd.docker.reference.type\": \"attestation-manifest\"}");
	AUTO_FREE char *all = mem_printf("%s, %s, %s", proof, one, again);
	put_index(a, all);
	tar_close(a);
	assert_chosen(&f, "whatever", "one");
	fixture_remove(&f);
}
END_TEST

START_TEST(an_empty_index)
{
	struct store_fixture f;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	put_index(a, "");
	tar_close(a);
	assert_no_source(&f, "x", "empty", "index.json: contains no image");
	fixture_remove(&f);
}
END_TEST

/* ---- machines ---- */

static char *native(const char *more)
{
	return mem_printf(
		", \"platform\": {\"os\": \"linux\", \"architecture\": \"%s\", \"variant\": "
		"\"v9\"}%s",
		documents_machine(), more);
}

static void put_machines(struct archive *a, const char *tag, bool with_ours)
{
	AUTO_FREE char *mine = native("");
	AUTO_FREE char *vax = put_image(a, "vax", FOR("vax"));
	AUTO_FREE char *ours = put_image(a, "ours", mine);
	AUTO_FREE char *pdp = put_image(a, "pdp", FOR("pdp11"));
	AUTO_FREE char *any = put_image(a, "any", with_ours ? "" : FOR("vax"));
	AUTO_FREE char *nobodys = put_image(a, "proof",
					    ", \"platform\": {\"os\": \"unknown\", "
					    "\"architecture\": \"unknown\"}");
	AUTO_FREE char *below =
		mem_printf("{\"schemaVersion\": 2, \"manifests\": [%s, %s, %s, %s%s%s]}", any, vax,
			   nobodys, pdp, with_ours ? ", " : "", with_ours ? ours : "");
	AUTO_FREE char *index = put_described(a, INDEX, below, tag);
	put_index(a, index);
}

START_TEST(the_image_for_this_machine)
{
	struct store_fixture f;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	put_machines(a, TAGGED("x"), true);
	tar_close(a);
	assert_chosen(&f, "x", "ours");
	a = tar_open(f.tar, TAR_PLAIN);
	put_machines(a, TAGGED("x"), false);
	tar_close(a);
	AUTO_FREE char *why =
		mem_printf("no image for this machine, linux/%s; it has linux/vax, linux/pdp11",
			   documents_machine());
	assert_no_source(&f, "x", "none", why);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_tag_for_another_machine)
{
	struct store_fixture f;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	AUTO_FREE char *mine = native(TAGGED("ours"));
	AUTO_FREE char *vax = put_image(a, "vax", FOR("vax") TAGGED("old"));
	AUTO_FREE char *ours = put_image(a, "ours", mine);
	AUTO_FREE char *all = mem_printf("%s, %s", vax, ours);
	put_index(a, all);
	tar_close(a);
	assert_chosen(&f, "ours", "ours");
	assert_chosen(&f, "whatever", "ours"); /* the only one that could run */
	assert_no_source(&f, "old", "foreign", "image 'old' is for linux/vax");
	fixture_remove(&f);
}
END_TEST

START_TEST(indexes_may_be_nested)
{
	for (int depth = 1; depth <= 5; depth++) {
		struct store_fixture f;
		fixture_make(&f);
		struct archive *a = tar_open(f.tar, TAR_PLAIN);
		AUTO_FREE char *at = put_image(a, "deep", "");
		for (int i = 0; i < depth; i++) {
			AUTO_FREE char *below =
				mem_printf("{\"schemaVersion\": 2, \"manifests\": [%s]}", at);
			free(at);
			at = put_described(a, INDEX, below, "");
		}
		put_index(a, at);
		tar_close(a);
		if (depth <= 4)
			assert_chosen(&f, "x", "deep");
		else
			assert_no_source(&f, "x", "five", "nested more than 4 deep");
		fixture_remove(&f);
	}
}
END_TEST

START_TEST(an_index_has_limits)
{
	for (int n = 1000; n <= 1001; n++) {
		struct store_fixture f;
		AUTO_BUF all = { 0 };
		fixture_make(&f);
		struct archive *a = tar_open(f.tar, TAR_PLAIN);
		AUTO_FREE char *one = put_image(a, "one", "");
		for (int i = 0; i < n; i++)
			buf_printf(&all, "%s%s", i ? ", " : "", one);
		put_index(a, all.data);
		tar_close(a);
		if (n == 1000)
			assert_chosen(&f, "x", "one");
		else
			assert_no_source(&f, "x", "above", "1001 entries");
		fixture_remove(&f);
	}
}
END_TEST

/* ---- Docker 25 and later ---- */

static void put_modern(struct archive *a, const char *manifest_json)
{
	AUTO_FREE char *text1 = config_text(1, "\"User\": \"1\""),
		       *text2 = config_text(1, "\"User\": \"2\"");
	AUTO_FREE char *config1 = put_described(a, CONFIG, text1, ""),
		       *config2 = put_described(a, CONFIG, text2, "");
	AUTO_FREE char *layer1 = put_described(a, LAYER, "one", ""),
		       *layer2 = put_described(a, LAYER, "two", "");
	AUTO_FREE char *m1 = mem_printf("{\"schemaVersion\": 2, \"config\": %s, \"layers\": [%s]}",
					config1, layer1);
	AUTO_FREE char *m2 = mem_printf("{\"schemaVersion\": 2, \"config\": %s, \"layers\": [%s]}",
					config2, layer2);
	AUTO_FREE char *one = put_described(a, MANIFEST, m1, TAGGED("1")),
		       *two = put_described(a, MANIFEST, m2, TAGGED("1"));
	AUTO_FREE char *all = mem_printf("%s, %s", one, two);
	char hex1[DIGEST_HEX], hex2[DIGEST_HEX];

	put_index(a, all);
	digest_bytes(text1, strlen(text1), hex1);
	digest_bytes(text2, strlen(text2), hex2);
	AUTO_FREE char *docker = mem_printf(
		"[{\"Config\": \"blobs/sha256/%s\", \"RepoTags\": [\"school/two:1\"], \"Layers\": []}, "
		"{\"Config\": \"blobs/sha256/%s\", \"RepoTags\": [\"school/one:1\"], \"Layers\": []}]",
		hex2, hex1);
	tar_file(a, "manifest.json", manifest_json ? manifest_json : docker);
}

START_TEST(names_of_docker_choose_too)
{
	struct store_fixture f;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	put_modern(a, NULL);
	tar_close(a);
	assert_chosen(&f, "one", "one");
	assert_chosen(&f, "school/two:1", "two");
	assert_no_source(&f, "1", "both", "several images");
	assert_no_source(&f, "three", "none", "it has 1, school/one:1, 1, school/two:1;");
	a = tar_open(f.tar, TAR_PLAIN);
	put_modern(a, "{}");
	tar_close(a);
	assert_no_source(&f, "one", "object", "manifest.json: expected an array");
	fixture_remove(&f);
}
END_TEST

/* One that was left out when the layout was copied does not matter to others. */
START_TEST(a_part_of_a_layout_serves)
{
	struct store_fixture f;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	AUTO_FREE char *one = put_image(a, "one", TAGGED("one"));
	AUTO_FREE char *all = mem_printf("%s, {\"mediaType\": \"" MANIFEST
					 "\", \"digest\": \"sha256:" D1
					 "\", \"size\": 9" TAGGED("two") "}",
					 one);
	put_index(a, all);
	tar_file(a, "manifest.json", "[]");
	tar_close(a);
	assert_chosen(&f, "one", "one");
	assert_no_source(&f, "two", "not there",
			 "index.json: manifests[1]: sha256:" D1 " is not in the archive");
	fixture_remove(&f);
}
END_TEST

/* A document of 4 MiB that hundreds of small ones refer to is not read for each of them. */
START_TEST(documents_are_bounded_together)
{
	struct store_fixture f;
	AUTO_BUF all = { 0 };
	fixture_make(&f);
	AUTO_FREE char *big = mem_alloc((4 << 20) + 1);
	memset(big, ' ', 4 << 20);
	memcpy(big, "{\"manifests\": []}", strlen("{\"manifests\": []}"));
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	AUTO_FREE char *large = put_described(a, INDEX, big, "");
	for (int i = 0; i < 17; i++) {
		AUTO_FREE char *below = mem_printf("{\"manifests\": [%s], \"x\": %d}", large, i);
		AUTO_FREE char *entry = put_described(a, INDEX, below, "");
		buf_printf(&all, "%s%s", i ? ", " : "", entry);
	}
	put_index(a, all.data);
	tar_file(a, "manifest.json", "[]");
	tar_close(a);
	assert_no_source(&f, "x", "many",
			 "the documents of the archive have more than 67108864 bytes");
	fixture_remove(&f);
}
END_TEST

Suite *suite_import_oci(void);
Suite *suite_import_oci(void)
{
	Suite *s = suite_create("import/oci");
	TCase *tc = tcase_create("oci");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_layout, 0, (int)(sizeof(rows) / sizeof(*rows)));
	tcase_add_test(tc, documents_are_verified);
	tcase_add_test(tc, names_choose);
	tcase_add_test(tc, one_image_is_not_asked);
	tcase_add_test(tc, an_empty_index);
	tcase_add_test(tc, the_image_for_this_machine);
	tcase_add_test(tc, a_tag_for_another_machine);
	tcase_add_test(tc, indexes_may_be_nested);
	tcase_add_test(tc, an_index_has_limits);
	tcase_add_test(tc, names_of_docker_choose_too);
	tcase_add_test(tc, a_part_of_a_layout_serves);
	tcase_add_test(tc, documents_are_bounded_together);
	suite_add_tcase(s, tc);
	return s;
}
