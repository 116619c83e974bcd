/* SPDX-License-Identifier: MIT */
/*
 * A host whose locale writes 0,5 for a half: what is a format or a setting has a point all the same. The locale is made here, so
 * that it does not matter which of them a machine has.
 */
#ifndef WEFT_TESTS_LIB_COMMA_H
#define WEFT_TESTS_LIB_COMMA_H

/* Put it in force, for numbers; and take it out again. While no other thread of the test formats numbers. */
void comma_begin(void);
void comma_end(void);

#endif
