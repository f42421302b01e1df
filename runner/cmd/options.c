/* options.c - parses command lines by the option tables, and the options that commands share. */
#include "cmd/options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define OPTIONS_MAX 32
/* Columns of --help: where explanations begin, and where lines end. */
#define HELP_COLUMN 32
#define HELP_WIDTH 80

static const struct option_spec help_option = { "help", 'h', NULL, "show this help" };

int usage_error(struct err *err, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(err, FAULT_USAGE, 0, "%s", text);
}

const char *cli_get(const struct cli *cli, const char *name)
{
	for (size_t i = cli->n_given; i-- > 0;)
		if (strcmp(cli->given[i].spec->name, name) == 0)
			return cli->given[i].value ? cli->given[i].value : "";
	return NULL;
}

bool cli_has(const struct cli *cli, const char *name)
{
	return cli_get(cli, name) != NULL;
}

void cli_done(struct cli *cli)
{
	free(cli->given);
	free(cli->args);
	memset(cli, 0, sizeof *cli);
}

static const struct option_spec *row(const struct command *cmd, size_t i)
{
	return cmd->options && cmd->options[i].name ? &cmd->options[i] : NULL;
}

/* For getopt_long: val is 1 + the row's number, help comes last. */
static size_t make_tables(const struct command *cmd, struct option *longs, char *shorts)
{
	size_t n = 0;
	*shorts++ = ':'; /* report errors through struct err, not through getopt */
	for (; row(cmd, n) && n + 2 < OPTIONS_MAX; n++) {
		const struct option_spec *o = row(cmd, n);
		longs[n] = (struct option){ o->name, o->arg ? required_argument : no_argument, NULL,
					    (int)n + 1 };
		if (!o->letter)
			continue;
		*shorts++ = o->letter;
		if (o->arg)
			*shorts++ = ':';
	}
	longs[n] = (struct option){ help_option.name, no_argument, NULL, (int)n + 1 };
	longs[n + 1] = (struct option){ 0 };
	*shorts++ = help_option.letter;
	*shorts = '\0';
	return n;
}

static const struct option_spec *find(const struct command *cmd, int got, size_t n)
{
	if (got == (int)n + 1 || got == help_option.letter)
		return &help_option;
	if (got >= 1 && got <= (int)n)
		return row(cmd, (size_t)got - 1);
	for (size_t i = 0; i < n; i++)
		if (row(cmd, i)->letter == got)
			return row(cmd, i);
	return NULL;
}

static int complain(const struct command *cmd, int got, char **argv, struct err *err)
{
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };
	if (optopt && optopt > OPTIONS_MAX)
		word = letter;
	if (got == ':')
		return usage_error(err,
				   "%s: option '%s' needs an argument; see 'moulette %s "
				   "--help'",
				   cmd->name, word, cmd->name);
	return usage_error(err, "%s: unknown option '%s'; see 'moulette %s --help'", cmd->name,
			   word, cmd->name);
}

/* Everything after the first "--" is the command, unchanged. */
static int split_command(const struct command *cmd, int argc, char **argv, struct cli *ret)
{
	for (int i = 1; cmd->takes_command && i < argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			ret->command = argv + i + 1;
			return i;
		}
	return argc;
}

int cli_parse(const struct command *cmd, int argc, char **argv, struct cli *ret, bool *ret_help,
	      struct err *err)
{
	struct option longs[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX + 4];
	size_t n = make_tables(cmd, longs, shorts);
	struct cli cli = { 0 };
	argc = split_command(cmd, argc, argv, &cli);
	cli.given = mem_alloc((size_t)argc * sizeof *cli.given + 1);
	cli.args = mem_alloc(((size_t)argc + 1) * sizeof *cli.args);
	*ret_help = false;
	optind = 0; /* glibc: start anew */
	int got;
	while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_spec *spec = got == '?' || got == ':' ? NULL :
									    find(cmd, got, n);
		if (!spec) {
			cli_done(&cli);
			return complain(cmd, got, argv, err);
		}
		if (spec == &help_option)
			*ret_help = true;
		else
			cli.given[cli.n_given++] = (struct option_value){ spec, optarg };
	}
	for (int i = optind; i < argc; i++)
		cli.args[cli.n_args++] = argv[i];
	if (cli.command && !cli.command[0]) {
		cli_done(&cli);
		return usage_error(err, "%s: expected a command after '--'", cmd->name);
	}
	*ret = cli;
	return 0;
}

/* Words from HELP_COLUMN on, on as many lines as they need. */
static void wrap_words(const char *text, FILE *out)
{
	size_t column = HELP_COLUMN;
	while (*text) {
		size_t len = strcspn(text, " ");
		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		fprintf(out, "%s%.*s", column > HELP_COLUMN ? " " : "", (int)len, text);
		column += len + (column > HELP_COLUMN);
		text += len + strspn(text + len, " ");
	}
	fputc('\n', out);
}

static void help_line(const struct option_spec *o, FILE *out)
{
	char left[64];
	snprintf(left, sizeof left, "  %c%c%c --%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name, o->arg ? " " : "",
		 o->arg ? o->arg : "");
	fputs(left, out);
	/* The explanation of a long option begins below it. */
	if (strlen(left) > HELP_COLUMN - 2)
		fprintf(out, "\n%*s", HELP_COLUMN, "");
	else
		fprintf(out, "%*s", HELP_COLUMN - (int)strlen(left), "");
	wrap_words(o->help, out);
}

/* One line for each way to call the command. */
static void usage_lines(const char *synopsis, FILE *out)
{
	const char *first = "usage:";
	for (size_t len; *synopsis; synopsis += len + (synopsis[len] == '\n')) {
		len = strcspn(synopsis, "\n");
		fprintf(out, "%s moulette %.*s\n", first, (int)len, synopsis);
		first = "   or:";
	}
}

void cmd_help(const struct command *cmd, FILE *out)
{
	usage_lines(cmd->synopsis, out);
	fprintf(out, "\n%s\n\noptions:\n", cmd->summary);
	for (size_t i = 0; row(cmd, i); i++)
		help_line(row(cmd, i), out);
	help_line(&help_option, out);
}

static void warn_unreadable(const char *path, const struct stat *st)
{
	mode_t need = S_ISDIR(st->st_mode) ? S_IROTH | S_IXOTH : S_IROTH;
	if ((st->st_mode & need) != need)
		fprintf(stderr,
			"moulette: warning: volume '%s': programs in a box cannot read it, "
			"because its mode is %04o\n",
			path, (unsigned)(st->st_mode & 07777));
}

static int parse_mount(const char *text, struct mount_spec *ret, struct err *err)
{
	AUTO_FREE char *copy = mem_strdup(text);
	bool rw = false;
	char *last = strrchr(copy, ':');
	if (last && (strcmp(last, ":ro") == 0 || strcmp(last, ":rw") == 0)) {
		rw = last[2] == 'w';
		*last = '\0';
	}
	char *colon = strrchr(copy, ':');
	if (!colon || colon == copy || colon[1] != '/')
		return usage_error(err,
				   "volume '%s': expected SRC:DST or SRC:DST:rw, with an absolute "
				   "path as DST",
				   text);
	*colon = '\0';
	AUTO_FREE char *source = realpath(copy, NULL);
	struct stat st;
	if (!source || stat(source, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "volume '%s': cannot find '%s'",
			       text, copy);
	warn_unreadable(source, &st);
	*ret = (struct mount_spec){ ptr_steal(&source), mem_strdup(colon + 1), rw };
	return 0;
}

void mounts_free(struct mount_spec *mounts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(mounts[i].source);
		free(mounts[i].destination);
	}
	free(mounts);
}

int cli_mounts(const struct cli *cli, struct mount_spec **ret, size_t *ret_n, struct err *err)
{
	struct mount_spec *mounts = mem_alloc(cli->n_given * sizeof *mounts + 1);
	size_t n = 0;
	for (size_t i = 0; i < cli->n_given; i++) {
		if (strcmp(cli->given[i].spec->name, "volume") != 0)
			continue;
		if (parse_mount(cli->given[i].value, &mounts[n], err) < 0) {
			mounts_free(mounts, n);
			return -1;
		}
		n++;
	}
	*ret = mounts;
	*ret_n = n;
	return 0;
}

static bool is_name(const char *text, size_t len)
{
	if (len == 0 || (text[0] >= '0' && text[0] <= '9'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	return true;
}

int cli_env(const struct cli *cli, char ***ret, struct err *err)
{
	AUTO_STRV env = NULL;
	for (size_t i = 0; i < cli->n_given; i++) {
		const char *text = cli->given[i].value;
		if (strcmp(cli->given[i].spec->name, "env") != 0)
			continue;
		const char *eq = strchr(text, '=');
		if (!eq || !is_name(text, (size_t)(eq - text)))
			return usage_error(err, "env '%s': expected NAME=VALUE", text);
		env_set(&env, text);
	}
	*ret = ptr_steal(&env);
	return 0;
}

int cmd_check_stdout(struct err *err)
{
	const int flags = fcntl(STDOUT_FILENO, F_GETFL);
	if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
		return 0;
	return err_set(err, FAULT_INFRA, EBADF, "cannot write to stdout");
}

int cli_plain_engine(const struct cli *cli, const char *command, bool *ret, struct err *err)
{
	const char *word = cli_get(cli, "engine-mode"), *variable = getenv("MOULETTE_ENGINE_MODE");
	if (!word && variable && *variable)
		word = variable;
	*ret = word && strcmp(word, "plain") == 0;
	return !word || *ret || strcmp(word, "lean") == 0 ?
		       0 :
		       usage_error(err, "%s: --engine-mode '%s': expected lean or plain", command,
				   word);
}

/* Some errors appear only in the last write or in close(2): a full disk, an NFS quota. */
static int close_stdout(int status)
{
	const bool lost = ferror(stdout);
	errno = 0;
	if ((fclose(stdout) == 0 && !lost) ||
	    (status != EXIT_ALL_PASSED && status != EXIT_NOT_PASSED))
		return status;
	fprintf(stderr, "moulette: cannot write to stdout%s%s\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	return EXIT_TROUBLE;
}

int cmd_end(int got, const struct err *err)
{
	int status = got;
	if (got < 0) {
		fprintf(stderr, "moulette: %s\n", err->msg);
		status = err->fault == FAULT_USAGE   ? EXIT_USAGE :
			 err->fault == FAULT_STUDENT ? EXIT_NOT_PASSED :
						       EXIT_TROUBLE;
	}
	return close_stdout(status);
}
