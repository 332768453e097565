/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls that Swift cannot call: those with variable arguments, and those that glibc does not wrap.
 * Each returns -1 and sets errno on failure.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What the kernel put on the stack when it started the program: the number of arguments, and behind it the arguments (ld.so(8)'s
 * own variable, which needs no /proc). */
extern void *__libc_stack_end;

static inline long os_argument_count(void) { return *(long *)__libc_stack_end; }
static inline char **os_arguments(void) { return (char **)__libc_stack_end + 1; }

/* openat2(2): opens `path` below `directory` with `resolve` as in linux/openat2.h. */
static inline int os_openat2(int directory, const char *path, int flags, unsigned mode, unsigned long long resolve)
{
    struct open_how how = { .flags = (unsigned)flags, .mode = mode, .resolve = resolve };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

static const unsigned long long os_resolve_in_root = RESOLVE_IN_ROOT;
static const unsigned long long os_resolve_no_magic_links = RESOLVE_NO_MAGICLINKS;

/* open(2), O_PATH, which the headers hide without _GNU_SOURCE; that would change types other modules share. */
static const int os_o_path = __O_PATH;

/* openat(2) */
static inline int os_openat(int directory, const char *path, int flags, unsigned mode)
{
    return openat(directory, path, flags, mode);
}

/* pipe2(2) */
static inline int os_pipe2(int ends[2], int flags) { return (int)syscall(SYS_pipe2, ends, flags); }

/* memfd_create(2), closed on exec */
static inline int os_memfd(const char *name) { return (int)syscall(SYS_memfd_create, name, 1u); }

/* syncfs(2) */
static inline int os_syncfs(int descriptor) { return (int)syscall(SYS_syncfs, descriptor); }

/* renameat2(2), RENAME_EXCHANGE */
static inline int os_exchange(const char *one, const char *other)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2);
}

/* renameat2(2), RENAME_NOREPLACE: fails with EEXIST where there is something. */
static inline int os_rename_new(int directory, const char *old_name, const char *new_name)
{
    return (int)syscall(SYS_renameat2, directory, old_name, directory, new_name, 1);
}

/* prctl(2), PR_SET_CHILD_SUBREAPER */
static inline int os_set_child_subreaper(int on) { return prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0); }

/* statx(2): whether something is mounted at `path` below `directory`; a link is not followed. */
static inline int os_is_mount_point(int directory, const char *path)
{
    struct statx status;
    if (syscall(SYS_statx, directory, path, AT_SYMLINK_NOFOLLOW, 0u, &status) != 0) return 0;
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* fallocate(2), FALLOC_FL_KEEP_SIZE */
static inline int os_set_room_aside(int descriptor, long size)
{
    return size == 0 ? 0 : (int)syscall(SYS_fallocate, descriptor, 1, 0L, size);
}

/* fsopen(2), fsconfig(2), fsmount(2): mounts `device` read-only, without set-user-id programs, devices and programs, at no place: the
 * descriptor that is returned is all there is of it. */
static inline int os_mount_detached(const char *device, const char *type)
{
    int context = (int)syscall(SYS_fsopen, type, 1u /* FSOPEN_CLOEXEC */);
    if (context < 0) return -1;
    int mount = -1;
    if (syscall(SYS_fsconfig, context, 0u /* FSCONFIG_SET_FLAG */, "ro", (void *)0, 0) == 0
        && syscall(SYS_fsconfig, context, 1u /* FSCONFIG_SET_STRING */, "source", device, 0) == 0
        && syscall(SYS_fsconfig, context, 6u /* FSCONFIG_CMD_CREATE */, (void *)0, (void *)0, 0) == 0)
        mount = (int)syscall(SYS_fsmount, context, 1u /* FSMOUNT_CLOEXEC */,
                             0x1u | 0x2u | 0x4u | 0x8u /* MOUNT_ATTR_RDONLY, NOSUID, NODEV, NOEXEC */);
    int error = errno;
    close(context);
    errno = error;
    return mount;
}
