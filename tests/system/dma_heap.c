/* A stand-in for the kernel's dma-heap and udmabuf devices, which containers and many kernels lack: LD_PRELOAD it.
 *
 * libcamera and picamera2 take the memory of their frames from these devices. Here it is ordinary shared memory: the
 * device is an empty memfd, and a request for a buffer is answered with another memfd of that size.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static int is_device(const char *path)
{
	return path && (!strcmp(path, "/dev/udmabuf") || !strncmp(path, "/dev/dma_heap/", 14));
}

static int open_as(const char *symbol, const char *path, int flags, mode_t mode)
{
	if (is_device(path))
		return memfd_create("dma-device", MFD_CLOEXEC);
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, symbol);
	return real(path, flags, mode);
}

#define OPEN(name)                                                             \
	int name(const char *path, int flags, ...)                             \
	{                                                                      \
		va_list rest;                                                  \
		va_start(rest, flags);                                         \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                                  \
		return open_as(#name, path, flags, mode);                      \
	}
OPEN(open)
OPEN(open64)

static int allocate(struct dma_heap_allocation_data *asked)
{
	int memory = memfd_create("dma-buffer", MFD_CLOEXEC);
	if (memory < 0)
		return -1;
	if (ftruncate(memory, (asked->len + 4095) & ~4095ULL) < 0) {
		close(memory);
		return -1;
	}
	asked->fd = memory;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	va_start(rest, request);
	void *argument = va_arg(rest, void *);
	va_end(rest);
	/* Python passes a request as a signed int: only the lower half counts. */
	request &= 0xffffffffUL;
	if (request == UDMABUF_CREATE)
		return fcntl(((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 0);
	if (request == DMA_HEAP_IOCTL_ALLOC)
		return allocate(argument);
	/* DMA_BUF_IOCTL_SYNC and DMA_BUF_SET_NAME: memory of this kind is always in step. */
	if (request == DMA_BUF_IOCTL_SYNC || (request & 0xffffUL) == (DMA_BUF_SET_NAME_B & 0xffffUL))
		return 0;
	int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	return real(fd, request, argument);
}
