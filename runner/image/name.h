/* name.h - what an image may be called, and the folder that has its name. */
#ifndef MOULETTE_IMAGE_NAME_H
#define MOULETTE_IMAGE_NAME_H

#include "base/err.h"

#define IMAGE_NAME_MAX 200

/** name_check() - as tags of images are: components of letters, digits, '.', '_' and '-', divided
 *  by '/' or ':'; each begins with a letter or digit; at most IMAGE_NAME_MAX. */
int name_check(const char *name, struct err *err);
/** name_to_folder() - of a valid name its folder in images/; folder_to_name() the other way. */
void name_to_folder(const char *name, char ret[IMAGE_NAME_MAX + 1]);
void folder_to_name(const char *folder, char ret[IMAGE_NAME_MAX + 1]);

#endif
