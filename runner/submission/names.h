/* names.h - unique names for the submissions of a batch. */
#ifndef MOULETTE_SUBMISSION_NAMES_H
#define MOULETTE_SUBMISSION_NAMES_H

/**
 * names_tell_apart() - names for those that would be called the same
 * @paths: NULL-terminated, absolute
 *
 * A submission whose name is no other's is called as submission_open() calls it. Of those that share one each is
 * called by the last component of its path, extension and all, and where these are the same by as many components
 * before it as it takes: "alice.tar" and "alice.zip", or "alice/hw1.c" and "bob/hw1.c". So are two that
 * could share one, when only their bytes decide. The order of @paths does not matter; the same path twice is one
 * submission.
 *
 * Return: an array as long as @paths, of owned texts; NULL where the submission has its own name. For names_free().
 */
char **names_tell_apart(char *const *paths);
void names_free(char **names, char *const *paths);

#endif
