/* fuzz_json.c - JSON that people wrote, and what becomes of a patch. */
#include "base/json.h"
#include "fuzz.h"

/* What was read is written and read again, as the same. */
static void check_again(struct json_object *o)
{
	const char *text = json_object_to_json_string(o);
	AUTO_JSON *again = NULL;
	struct err err = { 0 };
	HOLDS(json_parse("again", text, strlen(text), &again, &err) == 0);
	HOLDS(strcmp(json_object_to_json_string(again), json_object_to_json_string(o)) == 0);
}

FUZZER(json)
{
	AUTO_JSON *o = NULL, *foreign = NULL;
	struct err err = { 0 };
	const int own = json_parse("text", data, size, &o, &err);
	const int other = json_parse_foreign("text", data, size, &foreign, &err);
	HOLDS(own < 0 || other == 0); /* the one is the other, with keys looked at */
	if (own < 0)
		return;
	check_again(o);
	json_merge_patch(&foreign, o);
}
