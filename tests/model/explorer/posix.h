/* SPDX-License-Identifier: MIT */
/* The modelled part of POSIX; its functions are called by the program under test, under their own names. See posix.c.
 */
#ifndef MODEL_POSIX_H
#define MODEL_POSIX_H

void posix_reset(void); /* before each execution */

#endif
