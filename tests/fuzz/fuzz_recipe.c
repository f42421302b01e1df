/* fuzz_recipe.c - the packages of a recipe, and what apt says of where they come from. */
#include "fuzz.h"
#include "recipe/recipe_debian.h"
#include "recipe/recipe_sources.h"

static void read_packages(const char *data, size_t size)
{
	AUTO_JSON *o = NULL;
	struct debian d = { 0 };
	struct err err = { 0 };
	if (json_parse("recipe", data, size, &o, &err) < 0 ||
	    !json_object_is_type(o, json_type_object))
		return;
	HOLDS(recipe_debian_load(o, "recipe", &d, &err) == 0 || err.fault == FAULT_USAGE);
	recipe_debian_done(&d);
}

static void read_sources(const char *text)
{
	static const char *const suites[] = { NULL, "bookworm", "stable" };
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
		struct apt_sources s = { 0 };
		struct err err = { 0 };
		if (recipe_sources_take(text, suites[i], "bookworm", &s, &err) == 0)
			HOLDS(s.suite && s.files && s.files[0]);
		recipe_sources_done(&s);
	}
}

FUZZER(recipe)
{
	AUTO_FREE char *text = mem_strndup(data, size);
	read_packages(data, size);
	read_sources(text);
}
