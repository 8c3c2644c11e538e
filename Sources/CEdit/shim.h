// libedit, and those of its calls that take a list of arguments, each with the arguments of one use.
#ifndef UPKEEP_EDIT_SHIM_H
#define UPKEEP_EDIT_SHIM_H

#include <histedit.h>
#include <stdio.h>

// Called for a key that is bound to a function of ours; gives one of libedit's CC_ numbers.
typedef unsigned char (*upkeep_edit_function)(EditLine *editor, int key);
typedef char *(*upkeep_edit_prompt)(EditLine *editor);

// An editor on standard input and output; NULL if there is none to be had.
static inline EditLine *upkeep_edit_begin(const char *program) {
  return el_init(program, stdin, stdout, stderr);
}

// What later calls for this editor are to find again.
static inline void upkeep_edit_set_owner(EditLine *editor, void *owner) {
  el_set(editor, EL_CLIENTDATA, owner);
}

static inline void *upkeep_edit_owner(EditLine *editor) {
  void *owner = NULL;
  return el_get(editor, EL_CLIENTDATA, &owner) == 0 ? owner : NULL;
}

// The keys of emacs, the prompt, and a terminal that is put in order on signals and follows its window's size.
static inline void upkeep_edit_set_up(EditLine *editor, upkeep_edit_prompt prompt) {
  el_set(editor, EL_SIGNAL, 1);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_PROMPT, prompt);
}

// While the line that is read next is edited, Ctrl-C is a key like others. The editor's mode is entered first: entering
// it may take the characters of the terminal over anew.
static inline void upkeep_edit_take_interrupt_key(EditLine *editor) {
  el_set(editor, EL_PREP_TERM, 1);
  el_set(editor, EL_SETTY, "-d", "intr=", NULL);
}

static inline void upkeep_edit_bind_function(
    EditLine *editor, const char *key, const char *name, const char *help, upkeep_edit_function function) {
  el_set(editor, EL_ADDFN, name, help, function);
  el_set(editor, EL_BIND, key, name, NULL);
}

static inline void upkeep_edit_bind(EditLine *editor, const char *key, const char *command) {
  el_set(editor, EL_BIND, key, command, NULL);
}

// A history of at most so many entries, which the editor's keys go through.
static inline History *upkeep_history_begin(EditLine *editor, int most) {
  History *entries = history_init();
  if (entries == NULL) return NULL;
  HistEvent event;
  history(entries, &event, H_SETSIZE, most);
  history(entries, &event, H_SETUNIQUE, 1);
  el_set(editor, EL_HIST, history, entries);
  return entries;
}

static inline void upkeep_history_enter(History *entries, const char *text) {
  HistEvent event;
  history(entries, &event, H_ENTER, text);
}

#endif
