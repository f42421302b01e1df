/* recipe_names.h - which recipes there are, and whether an image is still what its recipe makes. */
#ifndef MOULETTE_IMAGE_RECIPE_NAMES_H
#define MOULETTE_IMAGE_RECIPE_NAMES_H

#include <stdbool.h>

#include "image/meta.h"
#include "model/places.h"

#define RECIPE_MAX (1 << 20)
/** recipe_path() - of the file, there or not; on the heap. */
char *recipe_path(const struct places *p, const char *name);
/** recipe_exists() - is there a recipe of that name? */
bool recipe_exists(const struct places *p, const char *name);
/** recipe_list() - names of the recipes, appended to *@names. */
void recipe_list(const struct places *p, char ***names);
/** recipe_changed() - does @m, made by recipe, differ from what the recipe would make now? */
bool recipe_changed(const struct places *p, const struct image_meta *m);

#endif
