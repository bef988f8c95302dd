"""Windows: a job object that takes its processes down when the last handle to it closes, which is when this process ends."""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from functools import lru_cache
from typing import Any

_BASIC_ACCOUNTING, _EXTENDED_LIMITS = 1, 9  # kinds of information
_KILL_ON_CLOSE = 0x2000
_TICK = 1e-7  # seconds
_DWORD = ctypes.c_uint32  # wintypes' own is as wide as this system's long


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", _DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", _DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", _DWORD),
        ("SchedulingClass", _DWORD),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("BasicLimitInformation", BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


class Accounting(ctypes.Structure):
    """JOBOBJECT_BASIC_ACCOUNTING_INFORMATION: of all processes that ever were in the job."""

    _fields_ = (
        ("TotalUserTime", ctypes.c_int64),
        ("TotalKernelTime", ctypes.c_int64),
        ("ThisPeriodTotalUserTime", ctypes.c_int64),
        ("ThisPeriodTotalKernelTime", ctypes.c_int64),
        ("TotalPageFaultCount", _DWORD),
        ("TotalProcesses", _DWORD),
        ("ActiveProcesses", _DWORD),
        ("TotalTerminatedProcesses", _DWORD),
    )


if sys.platform == "win32":

    @lru_cache(maxsize=1)
    def _kernel() -> Any:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        handle, size = wintypes.HANDLE, _DWORD
        kernel.CreateJobObjectW.restype = handle
        kernel.CreateJobObjectW.argtypes = [ctypes.c_void_p, wintypes.LPCWSTR]
        kernel.SetInformationJobObject.argtypes = [handle, ctypes.c_int, ctypes.c_void_p, size]
        kernel.QueryInformationJobObject.argtypes = [handle, ctypes.c_int, ctypes.c_void_p, size, ctypes.c_void_p]
        kernel.AssignProcessToJobObject.argtypes = [handle, handle]
        return kernel

    @lru_cache(maxsize=1)
    def _job() -> Any:
        kernel = _kernel()
        job = kernel.CreateJobObjectW(None, None)
        limits = ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = _KILL_ON_CLOSE
        if not job or not kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)):
            return None
        return job

    def tie(process_handle: int) -> None:
        """Put a process, and with it those it will start, into our job. Where that is refused it ends by itself."""
        job = _job()
        if job is not None:
            _kernel().AssignProcessToJobObject(job, process_handle)

    def children_seconds() -> float:
        """Core-seconds of all processes that were tied."""
        told, job = Accounting(), _job()
        if job is None or not _kernel().QueryInformationJobObject(
            job, _BASIC_ACCOUNTING, ctypes.byref(told), ctypes.sizeof(told), None
        ):
            return 0.0
        return float(told.TotalUserTime + told.TotalKernelTime) * _TICK
