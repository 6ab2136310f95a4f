import type { Role } from './types';

/** A fault of one field: a stable code, and the server's own words. */
export interface FieldFault {
  code: string;
  message: string;
}

/** What went wrong with a request, in one shape: the server's problem details, or no answer at all. */
export class ApiError extends Error {
  constructor(
    /** 0: no answer came. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** By field name; nested fields as `a.b`. */
    readonly fields: Readonly<Record<string, FieldFault>> = {},
    readonly neededRole?: Role,
    readonly requestId?: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

const ROLES: readonly string[] = ['platform_admin', 'tenant_admin', 'customer_admin', 'manager', 'user'] satisfies Role[];
const isRole = (value: unknown): value is Role => typeof value === 'string' && ROLES.includes(value);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** `/devices/0/name` as `devices.0.name`. */
const fieldOf = (pointer: string): string =>
  pointer
    .replace(/^#?\//, '')
    .split('/')
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .join('.');

export function problemFrom(status: number, body: unknown): ApiError {
  if (!isRecord(body)) return new ApiError(status, status === 0 ? 'network' : `http_${status}`, '');
  const fields: Record<string, FieldFault> = {};
  if (Array.isArray(body.errors)) {
    for (const entry of body.errors as unknown[]) {
      if (isRecord(entry) && typeof entry.field === 'string') fields[fieldOf(entry.field)] ??= { code: text(entry.code) ?? '', message: text(entry.message) ?? '' };
    }
  }
  return new ApiError(
    status,
    text(body.code) ?? `http_${status}`,
    text(body.detail) ?? text(body.title) ?? '',
    fields,
    isRole(body.needed_role) ? body.needed_role : undefined,
    text(body.request_id),
  );
}

/** The data of an answer, or the error thrown. */
export async function unwrap<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let result;
  try {
    result = await answer;
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'network', '');
  }
  if (!result.response.ok) throw problemFrom(result.response.status, result.error);
  return result.data as T;
}
