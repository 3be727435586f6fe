/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/userns.h"

#include "base/error.h"

static int
refuse(struct error **err)
{
	error_set(err, ERROR_LOCAL, "this system has no user namespaces");
	return error_set_class(err, CLASS_NO_USERNS);
}

int
userns_enter(struct error **err)
{
	return refuse(err);
}

int
userns_become_root(struct error **err)
{
	return refuse(err);
}

int
userns_try(struct error **err)
{
	return refuse(err);
}
