"""Error numbers that last until the user acts: no room or no permission on a disk."""

import errno

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
