package durable

import "syscall"

func modified(st *syscall.Stat_t) int64 { return st.Mtim.Nano() }
func changed(st *syscall.Stat_t) int64  { return st.Ctim.Nano() }
