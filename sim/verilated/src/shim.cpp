// SPDX-License-Identifier: Apache-2.0
// The C side of headend-verilated: the same file for every model. `ports.inc` holds one line
// HV_PORT(name, width, direction) for each port of the top module.
#include "Vmodel.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif
#include <cstdint>
#include <cstdio>

#define HV_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// Text of the first assertion that failed on this thread; empty when none did.
thread_local char hv_failure[512];

struct HvPort {
    const char* name;
    uint32_t width;
    uint32_t direction;
};

const HvPort hv_port_table[] = {
#define HV_PORT(name, width, direction) {#name, width, direction},
#include "ports.inc"
#undef HV_PORT
    {nullptr, 0, 0},
};

struct HvInstance {
    VerilatedContext context;
    Vmodel* top = nullptr;
#if VM_TRACE
    VerilatedFstC* trace = nullptr;
#endif
};

// Verilator's run time finds the model's context by thread; it dangles once another instance is destroyed.
inline void hv_enter(HvInstance* self) {
    if (VL_UNLIKELY(Verilated::threadContextp() != &self->context)) Verilated::threadContextp(&self->context);
}

}  // namespace

void vl_stop(const char* file, int line, const char* hier) VL_MT_UNSAFE {
    if (hv_failure[0] == '\0') {
        std::snprintf(hv_failure, sizeof hv_failure, "assertion failed: %s:%d: %s", file, line, hier);
    }
}

void vl_finish(const char* file, int line, const char* hier) VL_MT_UNSAFE { vl_stop(file, line, hier); }

HV_EXPORT uint32_t hv_abi() { return 1; }

HV_EXPORT const HvPort* hv_ports() { return hv_port_table; }

// Creates an instance and writes the address of each port's storage, in table order, to `storage`.
HV_EXPORT HvInstance* hv_create(void** storage, uint64_t seed) {
    HvInstance* self = new HvInstance;
    hv_enter(self);
    self->context.threads(1);  // or each instance starts a pool of threads that do nothing
    self->context.randReset(2);
    self->context.randSeed(static_cast<int>(seed & 0x7fffffff));
#if VM_TRACE
    self->context.traceEverOn(true);
#endif
    self->top = new Vmodel{&self->context, "top"};
    size_t i = 0;
#define HV_PORT(name, width, direction) storage[i++] = &self->top->name;
#include "ports.inc"
#undef HV_PORT
    return self;
}

HV_EXPORT void hv_destroy(HvInstance* self) {
    hv_enter(self);
#if VM_TRACE
    if (self->trace) {
        self->trace->close();
        delete self->trace;
    }
#endif
    self->top->final();
    delete self->top;
    Verilated::threadContextp(Verilated::defaultContextp());
    delete self;
}

// Evaluates; gives the text of a failed assertion, or null.
HV_EXPORT const char* hv_eval(HvInstance* self) {
    hv_enter(self);
    self->top->eval();
#if VM_TRACE
    if (VL_UNLIKELY(self->trace)) self->trace->dump(self->context.time());
    self->context.timeInc(1);
#endif
    return VL_LIKELY(hv_failure[0] == '\0') ? nullptr : hv_failure;
}

HV_EXPORT void hv_clear_failure() { hv_failure[0] = '\0'; }

// Opens (path) or closes (null) a trace. 0 when done, 1 when the model has no trace support, 2 when the file cannot be written.
HV_EXPORT int hv_trace(HvInstance* self, const char* path) {
#if VM_TRACE
    if (self->trace) {
        self->trace->close();
        delete self->trace;
        self->trace = nullptr;
    }
    if (!path) return 0;
    if (std::FILE* probe = std::fopen(path, "wb")) {
        std::fclose(probe);
    } else {
        return 2;
    }
    self->trace = new VerilatedFstC;
    self->top->trace(self->trace, 99);
    self->trace->open(path);
    return self->trace->isOpen() ? 0 : 2;
#else
    (void)self;
    return path ? 1 : 0;
#endif
}

HV_EXPORT void hv_trace_flush(HvInstance* self) {
#if VM_TRACE
    if (self->trace) self->trace->flush();
#else
    (void)self;
#endif
}
