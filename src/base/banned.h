/* Force-included before every file: functions of libc that overflow, keep hidden state or depend on the
 * locale do not compile. The headers that declare them come first, as a poisoned name may not even be
 * declared afterwards. */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
/* Macros of the fortified libc may not be poisoned. */
#undef sprintf
#undef vsprintf
#undef strcpy
#undef strcat
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi gmtime localtime setlocale
