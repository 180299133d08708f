// Made from docs/reference/openapi.json by `npm run generate`. Do not edit.
export interface paths {
    "/.well-known/terraform.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Services of this host
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "modules.v1": "/v1/modules/",
                         *       "providers.v1": "/v1/providers/",
                         *       "login.v1": {
                         *         "client": "terraform-cli",
                         *         "grant_types": [
                         *           "authz_code"
                         *         ],
                         *         "authz": "/oauth/authorize",
                         *         "token": "/oauth/token",
                         *         "ports": [
                         *           10000,
                         *           10000
                         *         ]
                         *       }
                         *     }
                         */
                        "application/json": {
                            "login.v1"?: {
                                /** @description Absolute URL or rooted path of the page that asks the person */
                                authz: string;
                                /** @description Sent as `client_id` */
                                client: string;
                                grant_types: string[];
                                /** @description Where the CLI may listen; it never takes the last one */
                                ports: [
                                    number,
                                    number
                                ];
                                /** @description Absolute URL or rooted path where a code becomes a token */
                                token: string;
                            };
                            /** @description Absolute URL or rooted path, ends in "/" */
                            "modules.v1": string;
                            /** @description Absolute URL or rooted path, ends in "/" */
                            "providers.v1": string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/api/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List jobs, newest first
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    state?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "kind": "mirror.run",
                         *           "title": "Load 3 providers",
                         *           "state": "running",
                         *           "created_by": "mia",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "started_at": "2026-03-02T09:30:00.000Z",
                         *           "finished_at": "2026-03-02T09:30:00.000Z",
                         *           "total": 3,
                         *           "completed": 3,
                         *           "failed": 0,
                         *           "cancelled": 0,
                         *           "running": 0,
                         *           "pending": 0,
                         *           "bytes_done": 9216058,
                         *           "bytes_total": 18432117
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-12"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/api/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A job with its items
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    state?: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "kind": "mirror.run",
                         *       "title": "Load 3 providers",
                         *       "state": "running",
                         *       "created_by": "mia",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "started_at": "2026-03-02T09:30:00.000Z",
                         *       "finished_at": "2026-03-02T09:30:00.000Z",
                         *       "total": 3,
                         *       "completed": 3,
                         *       "failed": 0,
                         *       "cancelled": 0,
                         *       "running": 0,
                         *       "pending": 0,
                         *       "bytes_done": 9216058,
                         *       "bytes_total": 18432117,
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "kind": "mirror.run",
                         *           "key": "hashicorp/null 3.2.2 linux_amd64",
                         *           "state": "running",
                         *           "attempts": 3,
                         *           "bytes_done": 9216058,
                         *           "bytes_total": 18432117,
                         *           "error_code": "UPSTREAM_UNREACHABLE",
                         *           "error_message": "Cannot read \"https://registry.terraform.io/v1/providers/hashicorp/null/versions\": the connection was refused",
                         *           "finished_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            bytes_done: number;
                            /** @description Of the items whose size is known */
                            bytes_total: number;
                            cancelled: number;
                            completed: number;
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            failed: number;
                            finished_at: string | null;
                            id: string;
                            items: components["schemas"]["def-13"][];
                            kind: string;
                            pending: number;
                            running: number;
                            started_at: string | null;
                            /** @description pending, running, completed, failed or cancelled */
                            state: string;
                            title: string;
                            /** @description Items known so far; grows while versions are being resolved */
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/api/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a job
         * @description What waits is not begun, what runs is broken off. What has been loaded stays. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "cancelled": 0
                         *     }
                         */
                        "application/json": {
                            /** @description Items that had not ended */
                            cancelled: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/api/jobs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try the failed items of a job again
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "retried": 3
                         *     }
                         */
                        "application/json": {
                            retried: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/api/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List held packages
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    hostname?: string;
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    namespace?: string;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    q?: string;
                    type?: string;
                    version?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "version_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "hostname": "registry.terraform.io",
                         *           "namespace": "acme",
                         *           "type": "widget",
                         *           "version": "1.4.2",
                         *           "os": "linux",
                         *           "arch": "amd64",
                         *           "filename": "terraform-provider-widget_1.4.2_linux_amd64.zip",
                         *           "size": 18432117,
                         *           "zh": "zh:5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *           "h1": "h1:ZXW3d6b2xJ6zY0p8cX3Qq0bC3M4F0q2m8e1f0Xn7a9c=",
                         *           "origin": "published",
                         *           "signed_by": "upstream",
                         *           "signing_key": "34365D9472D7468F",
                         *           "provenance": "signed",
                         *           "warning": "Version 1.4.1 is blocked",
                         *           "upstream_url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…",
                         *           "verified_at": "2026-03-02T09:30:00.000Z",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "created_by": "mia",
                         *           "deprecated": false,
                         *           "deprecation_message": "Use acme/vpc/aws instead",
                         *           "blocked": false,
                         *           "blocked_reason": "It deletes what it should not",
                         *           "damaged": false
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-8"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/api/providers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a version or a platform for ever
         * @description Needs the scope `mirrors:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Deprecate or block a version or a platform
         * @description Needs the scope `mirrors:manage`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "deprecated": true,
                     *       "deprecation_message": "Use 2.0.0"
                     *     }
                     */
                    "application/json": {
                        blocked?: boolean;
                        blocked_reason?: string;
                        deprecated?: boolean;
                        deprecation_message?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/admin/api/providers/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Load providers by a definition file
         * @description Body: HCL, or multipart/form-data with the file in any file part. Answers with the id of the job that loads them. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d"
                         *     }
                         */
                        "application/json": {
                            /** @description The same, as the alias names it */
                            id: string;
                            job_id: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/bundles/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Where the objects of a bundle are
         * @description Links end after a while; ask again for what is left then. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "paths": [
                     *         "modules/terrace.example.net/acme/vpc/aws/1.0.0.tar.gz"
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description As the manifest has them */
                        paths: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "objects": [
                         *         {
                         *           "path": "main.tf",
                         *           "url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            objects: {
                                /** @description Base64, of checksum lists and their signatures */
                                content: string | null;
                                path: string;
                                /** @description Signed link; null when the content is here */
                                url: string | null;
                            }[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/bundles/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Plan an air-gap bundle and sign its manifest
         * @description Nothing is signed while something is missing, unless that is allowed. The objects are asked for by their paths. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "name": "site-a",
                     *       "source": "lock_file",
                     *       "lock_file": "provider \"registry.terraform.io/hashicorp/null\" {\n  version = \"3.2.1\"\n}\n",
                     *       "platforms": [
                     *         "linux_amd64"
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description Make it of what there is; default false */
                        allow_missing?: boolean;
                        /** @description Text of a definition file; of what matches, all that is held */
                        definition?: string;
                        /** @description Configuration in native or JSON syntax; modules of this registry that it calls are in the bundle too */
                        files?: {
                            path: string;
                            text: string;
                        }[];
                        /** @description Text of .terraform.lock.hcl */
                        lock_file?: string;
                        /** @description Id or name of a mirror; of what fits it, all that is held */
                        mirror?: string;
                        /** @description What its files are called */
                        name: string;
                        /** @description No part is larger; default 4000000000 */
                        part_bytes?: number;
                        /** @description Default: every platform that is stored */
                        platforms?: string[];
                        /**
                         * @description Whose configuration it is when no lock file is sent
                         * @enum {unknown}
                         */
                        program?: "terraform" | "tofu";
                        /** @description An earlier bundle, whose objects are left out */
                        since?: {
                            name: string;
                            objects: {
                                path: string;
                                sha256: string;
                            }[];
                            /** @description Of its manifest */
                            sha256: string;
                        };
                        /**
                         * @description Which of the fields of that name says what is in it; configuration: files, with a lock_file if there is one
                         * @enum {unknown}
                         */
                        source: "lock_file" | "configuration" | "definition" | "mirror";
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "missing": [
                         *         {
                         *           "object": "acme/widget 1.4.2",
                         *           "state": "active",
                         *           "hint": "Try again in a minute",
                         *           "fetch_url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description The exact text; null while something is missing */
                            manifest: string | null;
                            missing: {
                                /** @description Following it brings the package here */
                                fetch_url: string | null;
                                /** @description What to do about it */
                                hint: string;
                                object: string;
                                state: string;
                            }[];
                            /** @description Base64 of the binary detached signature over the text */
                            signature: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List jobs, newest first
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    state?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "kind": "mirror.run",
                         *           "title": "Load 3 providers",
                         *           "state": "running",
                         *           "created_by": "mia",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "started_at": "2026-03-02T09:30:00.000Z",
                         *           "finished_at": "2026-03-02T09:30:00.000Z",
                         *           "total": 3,
                         *           "completed": 3,
                         *           "failed": 0,
                         *           "cancelled": 0,
                         *           "running": 0,
                         *           "pending": 0,
                         *           "bytes_done": 9216058,
                         *           "bytes_total": 18432117
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-12"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A job with its items
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    state?: string;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "kind": "mirror.run",
                         *       "title": "Load 3 providers",
                         *       "state": "running",
                         *       "created_by": "mia",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "started_at": "2026-03-02T09:30:00.000Z",
                         *       "finished_at": "2026-03-02T09:30:00.000Z",
                         *       "total": 3,
                         *       "completed": 3,
                         *       "failed": 0,
                         *       "cancelled": 0,
                         *       "running": 0,
                         *       "pending": 0,
                         *       "bytes_done": 9216058,
                         *       "bytes_total": 18432117,
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "kind": "mirror.run",
                         *           "key": "hashicorp/null 3.2.2 linux_amd64",
                         *           "state": "running",
                         *           "attempts": 3,
                         *           "bytes_done": 9216058,
                         *           "bytes_total": 18432117,
                         *           "error_code": "UPSTREAM_UNREACHABLE",
                         *           "error_message": "Cannot read \"https://registry.terraform.io/v1/providers/hashicorp/null/versions\": the connection was refused",
                         *           "finished_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            bytes_done: number;
                            /** @description Of the items whose size is known */
                            bytes_total: number;
                            cancelled: number;
                            completed: number;
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            failed: number;
                            finished_at: string | null;
                            id: string;
                            items: components["schemas"]["def-13"][];
                            kind: string;
                            pending: number;
                            running: number;
                            started_at: string | null;
                            /** @description pending, running, completed, failed or cancelled */
                            state: string;
                            title: string;
                            /** @description Items known so far; grows while versions are being resolved */
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a job
         * @description What waits is not begun, what runs is broken off. What has been loaded stays. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "cancelled": 0
                         *     }
                         */
                        "application/json": {
                            /** @description Items that had not ended */
                            cancelled: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/jobs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a job
         * @description Server-sent events: `progress` with the job whenever it has changed, `end` when it has ended. Come back with `Last-Event-ID` after an interruption, at whatever replica; 204 when there is nothing more to tell. Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: never;
                header?: {
                    "last-event-id"?: string;
                };
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Events. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                /** @description The job has ended, and the reader knows. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/jobs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try the failed items of a job again
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "retried": 3
                         *     }
                         */
                        "application/json": {
                            retried: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirror-approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List approval requests, newest first
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    /** @description pending, approved or rejected */
                    state?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "kind": "provider",
                         *           "address": "registry.terraform.io/hashicorp/null",
                         *           "version": "1.4.2",
                         *           "state": "active",
                         *           "reason": "Replaced by 1.4.3",
                         *           "requested_by": "mia",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "needed": 3,
                         *           "approvals": 3,
                         *           "decided_at": "2026-03-02T09:30:00.000Z",
                         *           "decisions": [
                         *             {
                         *               "decision": "allow",
                         *               "by": "mia",
                         *               "reason": "Replaced by 1.4.3",
                         *               "at": "2026-03-02T09:30:00.000Z"
                         *             }
                         *           ]
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-11"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Ask for the approval of a provider or version
         * @description Needs the scope `mirrors:read`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "address": "hashicorp/random",
                     *       "version": "3.7.0",
                     *       "reason": "Needed by the platform team"
                     *     }
                     */
                    "application/json": {
                        /** @description `[HOST/]NAMESPACE/TYPE` */
                        address: string;
                        /** @description Goes to the audit. */
                        reason: string;
                        version?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "kind": "provider",
                         *       "address": "registry.terraform.io/hashicorp/null",
                         *       "version": "1.4.2",
                         *       "state": "active",
                         *       "reason": "Replaced by 1.4.3",
                         *       "requested_by": "mia",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "needed": 3,
                         *       "approvals": 3,
                         *       "decided_at": "2026-03-02T09:30:00.000Z",
                         *       "decisions": [
                         *         {
                         *           "decision": "allow",
                         *           "by": "mia",
                         *           "reason": "Replaced by 1.4.3",
                         *           "at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description `HOST/NAMESPACE/TYPE` */
                            address: string;
                            /** @description People who have. */
                            approvals: number;
                            /** Format: date-time */
                            created_at: string;
                            /** @description ISO 8601, UTC. */
                            decided_at: string | null;
                            decisions: {
                                /** Format: date-time */
                                at: string;
                                by: string;
                                /** @description approve or reject */
                                decision: string;
                                reason: string;
                            }[];
                            id: string;
                            /** @description approval, or cool_down: its end before time */
                            kind: string;
                            /** @description People who must approve. */
                            needed: number;
                            reason: string;
                            requested_by: string;
                            /** @description pending, approved or rejected */
                            state: string;
                            /** @description Null: every version. */
                            version: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirror-approvals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show an approval request
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "kind": "provider",
                         *       "address": "registry.terraform.io/hashicorp/null",
                         *       "version": "1.4.2",
                         *       "state": "active",
                         *       "reason": "Replaced by 1.4.3",
                         *       "requested_by": "mia",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "needed": 3,
                         *       "approvals": 3,
                         *       "decided_at": "2026-03-02T09:30:00.000Z",
                         *       "decisions": [
                         *         {
                         *           "decision": "allow",
                         *           "by": "mia",
                         *           "reason": "Replaced by 1.4.3",
                         *           "at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description `HOST/NAMESPACE/TYPE` */
                            address: string;
                            /** @description People who have. */
                            approvals: number;
                            /** Format: date-time */
                            created_at: string;
                            /** @description ISO 8601, UTC. */
                            decided_at: string | null;
                            decisions: {
                                /** Format: date-time */
                                at: string;
                                by: string;
                                /** @description approve or reject */
                                decision: string;
                                reason: string;
                            }[];
                            id: string;
                            /** @description approval, or cool_down: its end before time */
                            kind: string;
                            /** @description People who must approve. */
                            needed: number;
                            reason: string;
                            requested_by: string;
                            /** @description pending, approved or rejected */
                            state: string;
                            /** @description Null: every version. */
                            version: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirror-approvals/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve a request
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "reason": "Reviewed"
                     *     }
                     */
                    "application/json": {
                        /** @description Goes to the audit. */
                        reason?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "kind": "provider",
                         *       "address": "registry.terraform.io/hashicorp/null",
                         *       "version": "1.4.2",
                         *       "state": "active",
                         *       "reason": "Replaced by 1.4.3",
                         *       "requested_by": "mia",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "needed": 3,
                         *       "approvals": 3,
                         *       "decided_at": "2026-03-02T09:30:00.000Z",
                         *       "decisions": [
                         *         {
                         *           "decision": "allow",
                         *           "by": "mia",
                         *           "reason": "Replaced by 1.4.3",
                         *           "at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description `HOST/NAMESPACE/TYPE` */
                            address: string;
                            /** @description People who have. */
                            approvals: number;
                            /** Format: date-time */
                            created_at: string;
                            /** @description ISO 8601, UTC. */
                            decided_at: string | null;
                            decisions: {
                                /** Format: date-time */
                                at: string;
                                by: string;
                                /** @description approve or reject */
                                decision: string;
                                reason: string;
                            }[];
                            id: string;
                            /** @description approval, or cool_down: its end before time */
                            kind: string;
                            /** @description People who must approve. */
                            needed: number;
                            reason: string;
                            requested_by: string;
                            /** @description pending, approved or rejected */
                            state: string;
                            /** @description Null: every version. */
                            version: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirror-approvals/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject a request, or take its approval back
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "reason": "Reviewed"
                     *     }
                     */
                    "application/json": {
                        /** @description Goes to the audit. */
                        reason?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "kind": "provider",
                         *       "address": "registry.terraform.io/hashicorp/null",
                         *       "version": "1.4.2",
                         *       "state": "active",
                         *       "reason": "Replaced by 1.4.3",
                         *       "requested_by": "mia",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "needed": 3,
                         *       "approvals": 3,
                         *       "decided_at": "2026-03-02T09:30:00.000Z",
                         *       "decisions": [
                         *         {
                         *           "decision": "allow",
                         *           "by": "mia",
                         *           "reason": "Replaced by 1.4.3",
                         *           "at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description `HOST/NAMESPACE/TYPE` */
                            address: string;
                            /** @description People who have. */
                            approvals: number;
                            /** Format: date-time */
                            created_at: string;
                            /** @description ISO 8601, UTC. */
                            decided_at: string | null;
                            decisions: {
                                /** Format: date-time */
                                at: string;
                                by: string;
                                /** @description approve or reject */
                                decision: string;
                                reason: string;
                            }[];
                            id: string;
                            /** @description approval, or cool_down: its end before time */
                            kind: string;
                            /** @description People who must approve. */
                            needed: number;
                            reason: string;
                            requested_by: string;
                            /** @description pending, approved or rejected */
                            state: string;
                            /** @description Null: every version. */
                            version: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirror-approvals/override": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a version in before its cool-down is over
         * @description Where two people must approve, it is a request that others approve. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "address": "hashicorp/random",
                     *       "version": "3.7.1",
                     *       "reason": "Fixes a vulnerability"
                     *     }
                     */
                    "application/json": {
                        /** @description `[HOST/]NAMESPACE/TYPE` */
                        address: string;
                        /** @description Goes to the audit. */
                        reason: string;
                        version: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "kind": "provider",
                         *       "address": "registry.terraform.io/hashicorp/null",
                         *       "version": "1.4.2",
                         *       "state": "active",
                         *       "reason": "Replaced by 1.4.3",
                         *       "requested_by": "mia",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "needed": 3,
                         *       "approvals": 3,
                         *       "decided_at": "2026-03-02T09:30:00.000Z",
                         *       "decisions": [
                         *         {
                         *           "decision": "allow",
                         *           "by": "mia",
                         *           "reason": "Replaced by 1.4.3",
                         *           "at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description `HOST/NAMESPACE/TYPE` */
                            address: string;
                            /** @description People who have. */
                            approvals: number;
                            /** Format: date-time */
                            created_at: string;
                            /** @description ISO 8601, UTC. */
                            decided_at: string | null;
                            decisions: {
                                /** Format: date-time */
                                at: string;
                                by: string;
                                /** @description approve or reject */
                                decision: string;
                                reason: string;
                            }[];
                            id: string;
                            /** @description approval, or cool_down: its end before time */
                            kind: string;
                            /** @description People who must approve. */
                            needed: number;
                            reason: string;
                            requested_by: string;
                            /** @description pending, approved or rejected */
                            state: string;
                            /** @description Null: every version. */
                            version: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirror-policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List mirror policies, highest priority first
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "hashicorp only",
                         *           "priority": 100,
                         *           "effect": "allow",
                         *           "upstream": "registry.terraform.io",
                         *           "namespace": "acme",
                         *           "type": "widget",
                         *           "version": "1.4.2",
                         *           "organization": "platform",
                         *           "reason": "Replaced by 1.4.3",
                         *           "enabled": true,
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "created_by": "mia"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-10"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Make a mirror policy
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "name": "No old releases",
                     *       "priority": 100,
                     *       "effect": "deny",
                     *       "namespace": "hashicorp",
                     *       "version": "< 3.0"
                     *     }
                     */
                    "application/json": {
                        /** @enum {unknown} */
                        effect: "allow" | "deny" | "require_approval";
                        /** @description Default true. */
                        enabled?: boolean;
                        /** @description Unique. */
                        name: string;
                        /** @description Namespace, `*` for any characters; default `*`. */
                        namespace?: string;
                        /** @description Id or name of the only organisation whose mirrors it is about; null: everybody. */
                        organization?: string | null;
                        /** @description The highest is looked at first. */
                        priority: number;
                        /** @description Shown to whoever it stops. */
                        reason?: string;
                        /** @description Type, `*` for any characters; default `*`. */
                        type?: string;
                        /** @description Host name, `*` for any characters; default `*`. */
                        upstream?: string;
                        /** @description Constraint like `>= 2.0`; null: all. */
                        version?: string | null;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "hashicorp only",
                         *       "priority": 100,
                         *       "effect": "allow",
                         *       "upstream": "registry.terraform.io",
                         *       "namespace": "acme",
                         *       "type": "widget",
                         *       "version": "1.4.2",
                         *       "organization": "platform",
                         *       "reason": "Replaced by 1.4.3",
                         *       "enabled": true,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            /** @description allow, deny or require_approval */
                            effect: string;
                            enabled: boolean;
                            id: string;
                            name: string;
                            /** @description Pattern for the namespace. */
                            namespace: string;
                            /** @description Name of the only organisation whose mirrors it is about; null: everybody. */
                            organization: string | null;
                            /** @description The highest is looked at first; the first rule that matches decides. */
                            priority: number;
                            /** @description Shown to whoever it stops. */
                            reason: string;
                            /** @description Pattern for the type. */
                            type: string;
                            /** @description Pattern for the host name; `*` stands for any characters. */
                            upstream: string;
                            /** @description Version constraint; null: every version. */
                            version: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirror-policies/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a mirror policy
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "hashicorp only",
                         *       "priority": 100,
                         *       "effect": "allow",
                         *       "upstream": "registry.terraform.io",
                         *       "namespace": "acme",
                         *       "type": "widget",
                         *       "version": "1.4.2",
                         *       "organization": "platform",
                         *       "reason": "Replaced by 1.4.3",
                         *       "enabled": true,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            /** @description allow, deny or require_approval */
                            effect: string;
                            enabled: boolean;
                            id: string;
                            name: string;
                            /** @description Pattern for the namespace. */
                            namespace: string;
                            /** @description Name of the only organisation whose mirrors it is about; null: everybody. */
                            organization: string | null;
                            /** @description The highest is looked at first; the first rule that matches decides. */
                            priority: number;
                            /** @description Shown to whoever it stops. */
                            reason: string;
                            /** @description Pattern for the type. */
                            type: string;
                            /** @description Pattern for the host name; `*` stands for any characters. */
                            upstream: string;
                            /** @description Version constraint; null: every version. */
                            version: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Delete a mirror policy
         * @description Needs the scope `mirrors:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Change, disable or enable a mirror policy
         * @description Needs the scope `mirrors:manage`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            /** @description What is left out stays. */
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "enabled": false
                     *     }
                     */
                    "application/json": {
                        /** @enum {unknown} */
                        effect?: "allow" | "deny" | "require_approval";
                        /** @description Default true. */
                        enabled?: boolean;
                        /** @description Unique. */
                        name?: string;
                        /** @description Namespace, `*` for any characters; default `*`. */
                        namespace?: string;
                        /** @description Id or name of the only organisation whose mirrors it is about; null: everybody. */
                        organization?: string | null;
                        /** @description The highest is looked at first. */
                        priority?: number;
                        /** @description Shown to whoever it stops. */
                        reason?: string;
                        /** @description Type, `*` for any characters; default `*`. */
                        type?: string;
                        /** @description Host name, `*` for any characters; default `*`. */
                        upstream?: string;
                        /** @description Constraint like `>= 2.0`; null: all. */
                        version?: string | null;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "hashicorp only",
                         *       "priority": 100,
                         *       "effect": "allow",
                         *       "upstream": "registry.terraform.io",
                         *       "namespace": "acme",
                         *       "type": "widget",
                         *       "version": "1.4.2",
                         *       "organization": "platform",
                         *       "reason": "Replaced by 1.4.3",
                         *       "enabled": true,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            /** @description allow, deny or require_approval */
                            effect: string;
                            enabled: boolean;
                            id: string;
                            name: string;
                            /** @description Pattern for the namespace. */
                            namespace: string;
                            /** @description Name of the only organisation whose mirrors it is about; null: everybody. */
                            organization: string | null;
                            /** @description The highest is looked at first; the first rule that matches decides. */
                            priority: number;
                            /** @description Shown to whoever it stops. */
                            reason: string;
                            /** @description Pattern for the type. */
                            type: string;
                            /** @description Pattern for the host name; `*` stands for any characters. */
                            upstream: string;
                            /** @description Version constraint; null: every version. */
                            version: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/admin/mirror-policies/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Explain a decision
         * @description Needs the scope `mirrors:read`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "address": "hashicorp/random",
                     *       "version": "3.7.0"
                     *     }
                     */
                    "application/json": {
                        /** @description `[HOST/]NAMESPACE/TYPE` */
                        address: string;
                        /** @description As when a client asks and nobody has loaded it; default false. */
                        on_demand?: boolean;
                        /** @description Whose mirror would bring it; id or name. */
                        organization?: string;
                        /**
                         * Format: date-time
                         * @description For the cool-down; default: what is known here.
                         */
                        published_at?: string;
                        /** @description Without it: whether the upstream may be asked at all. */
                        version?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "decision": "allow",
                         *       "allowed": true,
                         *       "rule": "hashicorp only",
                         *       "why": [
                         *         "it has a default now"
                         *       ],
                         *       "held_until": "2026-03-02T09:30:00.000Z",
                         *       "rules": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "network",
                         *           "priority": 100,
                         *           "effect": "allow",
                         *           "matched": true,
                         *           "decided": true,
                         *           "checks": [
                         *             {
                         *               "field": "shasum",
                         *               "expected": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *               "found": "91c0b7de5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86",
                         *               "matched": true
                         *             }
                         *           ]
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            allowed: boolean;
                            /** @description allowed, denied, needs_approval or held */
                            decision: string;
                            /** @description From when on it is let in, while it is held; ISO 8601, UTC. */
                            held_until: string | null;
                            /** @description Name of the rule that decided; null when none matched or something stands above the rules. */
                            rule: string | null;
                            /** @description All rules, highest priority first. */
                            rules: {
                                checks: {
                                    /** @description As the rule has it. */
                                    expected: string;
                                    field: string;
                                    /** @description As it was asked about; null when that says nothing. */
                                    found: string | null;
                                    matched: boolean;
                                }[];
                                /** @description It is the one that counts. */
                                decided: boolean;
                                effect: string;
                                id: string;
                                /** @description Every check fits. */
                                matched: boolean;
                                name: string;
                                priority: number;
                            }[];
                            /** @description Sentences in the order in which it was decided. */
                            why: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List mirrors
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "hashicorp",
                         *           "organization": "platform",
                         *           "upstream": "registry.terraform.io",
                         *           "namespaces": [
                         *             "hashicorp"
                         *           ],
                         *           "providers": [
                         *             "hashicorp/null"
                         *           ],
                         *           "versions": [
                         *             ">= 3.0.0"
                         *           ],
                         *           "platforms": [
                         *             "linux_amd64"
                         *           ],
                         *           "keep_newest": 5,
                         *           "cool_down_days": 7,
                         *           "prereleases": false,
                         *           "interval_hours": 24,
                         *           "enabled": true,
                         *           "next_run_at": "2026-03-02T09:30:00.000Z",
                         *           "failures": 0,
                         *           "current_job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "created_by": "mia"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-14"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Create a mirror
         * @description Unless `enabled` is false, the schedule runs it at its next look. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "name": "utilities",
                     *       "upstream": "registry.terraform.io",
                     *       "providers": [
                     *         "hashicorp/random"
                     *       ],
                     *       "versions": [
                     *         "~> 3.7"
                     *       ],
                     *       "platforms": [
                     *         "linux_amd64"
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description Age that a version must have before it is brought */
                        cool_down_days?: number;
                        /** @description Whether the schedule runs it */
                        enabled?: boolean;
                        /** @description How often the schedule runs it */
                        interval_hours?: number;
                        /** @description Bring only so many newest versions of each provider; what is held already is never removed by this */
                        keep_newest?: number | null;
                        name: string;
                        /** @description Namespaces that are mirrored as a whole; only upstreams that list their namespaces can be mirrored so */
                        namespaces?: string[];
                        /** @description Name of its owner; default: default */
                        organization?: string;
                        /** @description OS_ARCH; empty: every platform that the upstream offers */
                        platforms?: string[];
                        /** @description Bring pre-releases too; for the constraints one counts as its release */
                        prereleases?: boolean;
                        /** @description NAMESPACE/TYPE; NAMESPACE/* means the namespace */
                        providers?: string[];
                        /** @description Host name of the upstream, for example registry.terraform.io */
                        upstream: string;
                        /** @description Version constraints, of which one must match; empty: every version */
                        versions?: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "hashicorp",
                         *       "organization": "platform",
                         *       "upstream": "registry.terraform.io",
                         *       "namespaces": [
                         *         "hashicorp"
                         *       ],
                         *       "providers": [
                         *         "hashicorp/null"
                         *       ],
                         *       "versions": [
                         *         ">= 3.0.0"
                         *       ],
                         *       "platforms": [
                         *         "linux_amd64"
                         *       ],
                         *       "keep_newest": 5,
                         *       "cool_down_days": 7,
                         *       "prereleases": false,
                         *       "interval_hours": 24,
                         *       "enabled": true,
                         *       "next_run_at": "2026-03-02T09:30:00.000Z",
                         *       "failures": 0,
                         *       "current_job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            /** @description Age that a version must have before it is brought */
                            cool_down_days: number;
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            /** @description Job of the last run */
                            current_job_id: string | null;
                            /** @description Whether the schedule runs it */
                            enabled: boolean;
                            /** @description Runs in a row that failed because of the upstream; each makes the pause longer */
                            failures: number;
                            id: string;
                            /** @description How often the schedule runs it */
                            interval_hours: number;
                            /** @description Bring only so many newest versions of each provider; what is held already is never removed by this */
                            keep_newest: number | null;
                            name: string;
                            /** @description Namespaces that are mirrored as a whole; only upstreams that list their namespaces can be mirrored so */
                            namespaces: string[];
                            next_run_at: string | null;
                            organization: string;
                            /** @description OS_ARCH; empty: every platform that the upstream offers */
                            platforms: string[];
                            /** @description Bring pre-releases too; for the constraints one counts as its release */
                            prereleases: boolean;
                            /** @description NAMESPACE/TYPE; NAMESPACE/* means the namespace */
                            providers: string[];
                            /** @description Host name of the upstream, for example registry.terraform.io */
                            upstream: string;
                            /** @description Version constraints, of which one must match; empty: every version */
                            versions: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a mirror
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "hashicorp",
                         *       "organization": "platform",
                         *       "upstream": "registry.terraform.io",
                         *       "namespaces": [
                         *         "hashicorp"
                         *       ],
                         *       "providers": [
                         *         "hashicorp/null"
                         *       ],
                         *       "versions": [
                         *         ">= 3.0.0"
                         *       ],
                         *       "platforms": [
                         *         "linux_amd64"
                         *       ],
                         *       "keep_newest": 5,
                         *       "cool_down_days": 7,
                         *       "prereleases": false,
                         *       "interval_hours": 24,
                         *       "enabled": true,
                         *       "next_run_at": "2026-03-02T09:30:00.000Z",
                         *       "failures": 0,
                         *       "current_job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            /** @description Age that a version must have before it is brought */
                            cool_down_days: number;
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            /** @description Job of the last run */
                            current_job_id: string | null;
                            /** @description Whether the schedule runs it */
                            enabled: boolean;
                            /** @description Runs in a row that failed because of the upstream; each makes the pause longer */
                            failures: number;
                            id: string;
                            /** @description How often the schedule runs it */
                            interval_hours: number;
                            /** @description Bring only so many newest versions of each provider; what is held already is never removed by this */
                            keep_newest: number | null;
                            name: string;
                            /** @description Namespaces that are mirrored as a whole; only upstreams that list their namespaces can be mirrored so */
                            namespaces: string[];
                            next_run_at: string | null;
                            organization: string;
                            /** @description OS_ARCH; empty: every platform that the upstream offers */
                            platforms: string[];
                            /** @description Bring pre-releases too; for the constraints one counts as its release */
                            prereleases: boolean;
                            /** @description NAMESPACE/TYPE; NAMESPACE/* means the namespace */
                            providers: string[];
                            /** @description Host name of the upstream, for example registry.terraform.io */
                            upstream: string;
                            /** @description Version constraints, of which one must match; empty: every version */
                            versions: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Delete a mirror
         * @description With its history; a run is cancelled. What it has brought stays. Needs the scope `mirrors:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Change a mirror
         * @description Needs the scope `mirrors:manage`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "interval_hours": 12
                     *     }
                     */
                    "application/json": {
                        /** @description Age that a version must have before it is brought */
                        cool_down_days?: number;
                        /** @description Whether the schedule runs it */
                        enabled?: boolean;
                        /** @description How often the schedule runs it */
                        interval_hours?: number;
                        /** @description Bring only so many newest versions of each provider; what is held already is never removed by this */
                        keep_newest?: number | null;
                        /** @description Namespaces that are mirrored as a whole; only upstreams that list their namespaces can be mirrored so */
                        namespaces?: string[];
                        /** @description OS_ARCH; empty: every platform that the upstream offers */
                        platforms?: string[];
                        /** @description Bring pre-releases too; for the constraints one counts as its release */
                        prereleases?: boolean;
                        /** @description NAMESPACE/TYPE; NAMESPACE/* means the namespace */
                        providers?: string[];
                        /** @description Host name of the upstream, for example registry.terraform.io */
                        upstream?: string;
                        /** @description Version constraints, of which one must match; empty: every version */
                        versions?: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "hashicorp",
                         *       "organization": "platform",
                         *       "upstream": "registry.terraform.io",
                         *       "namespaces": [
                         *         "hashicorp"
                         *       ],
                         *       "providers": [
                         *         "hashicorp/null"
                         *       ],
                         *       "versions": [
                         *         ">= 3.0.0"
                         *       ],
                         *       "platforms": [
                         *         "linux_amd64"
                         *       ],
                         *       "keep_newest": 5,
                         *       "cool_down_days": 7,
                         *       "prereleases": false,
                         *       "interval_hours": 24,
                         *       "enabled": true,
                         *       "next_run_at": "2026-03-02T09:30:00.000Z",
                         *       "failures": 0,
                         *       "current_job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            /** @description Age that a version must have before it is brought */
                            cool_down_days: number;
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            /** @description Job of the last run */
                            current_job_id: string | null;
                            /** @description Whether the schedule runs it */
                            enabled: boolean;
                            /** @description Runs in a row that failed because of the upstream; each makes the pause longer */
                            failures: number;
                            id: string;
                            /** @description How often the schedule runs it */
                            interval_hours: number;
                            /** @description Bring only so many newest versions of each provider; what is held already is never removed by this */
                            keep_newest: number | null;
                            name: string;
                            /** @description Namespaces that are mirrored as a whole; only upstreams that list their namespaces can be mirrored so */
                            namespaces: string[];
                            next_run_at: string | null;
                            organization: string;
                            /** @description OS_ARCH; empty: every platform that the upstream offers */
                            platforms: string[];
                            /** @description Bring pre-releases too; for the constraints one counts as its release */
                            prereleases: boolean;
                            /** @description NAMESPACE/TYPE; NAMESPACE/* means the namespace */
                            providers: string[];
                            /** @description Host name of the upstream, for example registry.terraform.io */
                            upstream: string;
                            /** @description Version constraints, of which one must match; empty: every version */
                            versions: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel the run of a mirror
         * @description What has been fetched stays. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "cancelled": 0
                         *     }
                         */
                        "application/json": {
                            /** @description Items that had not ended */
                            cancelled: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Runs of a mirror, newest first
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "run": 3,
                         *           "job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "state": "active",
                         *           "started_because": "schedule",
                         *           "started_by": "mia",
                         *           "scope": {
                         *             "provider": "aws",
                         *             "version": "1.4.2"
                         *           },
                         *           "started_at": "2026-03-02T09:30:00.000Z",
                         *           "finished_at": "2026-03-02T09:30:00.000Z",
                         *           "packages": 3,
                         *           "fetched": 3,
                         *           "failed": 0,
                         *           "bytes": 18432117,
                         *           "errors": [
                         *             {
                         *               "code": "UPSTREAM_UNREACHABLE",
                         *               "message": "Cannot fetch \"hashicorp/null 3.2.2\": its list of checksums is signed by an unknown key",
                         *               "count": 3
                         *             }
                         *           ],
                         *           "left_out": [
                         *             {
                         *               "reason": "Replaced by 1.4.3",
                         *               "providers": 3,
                         *               "versions": 3,
                         *               "examples": [
                         *                 {
                         *                   "provider": "aws",
                         *                   "versions": [
                         *                     "1.4.2"
                         *                   ],
                         *                   "why": "it has a default now"
                         *                 }
                         *               ]
                         *             }
                         *           ]
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-15"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a mirror
         * @description The schedule leaves it alone, and what it runs is broken off; what has been fetched stays. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "cancelled": 0
                         *     }
                         */
                        "application/json": {
                            /** @description Items that had not ended */
                            cancelled: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Plan a run of a mirror
         * @description Asks the upstream, and fetches nothing: versions to add with their bytes, what is blocked and why, free space. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "scope": {
                     *         "provider": "hashicorp/random",
                     *         "version": "3.7.0"
                     *       }
                     *     }
                     */
                    "application/json": {
                        scope?: {
                            /** @description NAMESPACE/TYPE */
                            provider?: string;
                            /** @description One version of the provider */
                            version?: string;
                        };
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "versions": [
                         *         {
                         *           "provider": "aws",
                         *           "version": "1.4.2",
                         *           "bytes": 18432117,
                         *           "packages": [
                         *             {
                         *               "platform": "linux_amd64",
                         *               "bytes": 18432117
                         *             }
                         *           ]
                         *         }
                         *       ],
                         *       "packages": 3,
                         *       "bytes": 18432117,
                         *       "measured": 3,
                         *       "held": 3,
                         *       "blocked": [
                         *         {
                         *           "provider": "aws",
                         *           "version": "1.4.2",
                         *           "reason": "Replaced by 1.4.3",
                         *           "why": "it has a default now",
                         *           "until": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ],
                         *       "left_out": [
                         *         {
                         *           "reason": "Replaced by 1.4.3",
                         *           "providers": 3,
                         *           "versions": 3,
                         *           "examples": [
                         *             {
                         *               "provider": "aws",
                         *               "versions": [
                         *                 "1.4.2"
                         *               ],
                         *               "why": "it has a default now"
                         *             }
                         *           ]
                         *         }
                         *       ],
                         *       "problems": [],
                         *       "free_bytes": 52428800000,
                         *       "fits": true
                         *     }
                         */
                        "application/json": {
                            blocked: {
                                provider: string;
                                /** @description cool_down, deleted or policy */
                                reason: string;
                                until: string | null;
                                version: string;
                                why: string;
                            }[];
                            /** @description Of all packages */
                            bytes: number;
                            /** @description Whether the packages fit into the free space */
                            fits: boolean;
                            /** @description Space that is left in the storage; null when it does not say */
                            free_bytes: number | null;
                            /** @description Wanted packages that are here already */
                            held: number;
                            /** @description What the upstream offers and the run leaves, by reason; what is held is not among it */
                            left_out: {
                                /** @description Some of them, the newest versions first */
                                examples: {
                                    provider: string;
                                    versions: string[];
                                    why: string;
                                }[];
                                /** @description Providers of which something was left out */
                                providers: number;
                                /** @description constraint, prerelease, platform or keep_newest: settings of the mirror; cool_down; policy: a mirror policy; deleted: somebody deleted it here */
                                reason: string;
                                /** @description Versions; those of providers that a policy keeps out as a whole are not counted */
                                versions: number;
                            }[];
                            /** @description Packages whose size the upstream told; that of the others is estimated by those */
                            measured: number;
                            packages: number;
                            /** @description What could not be planned, and why */
                            problems: {
                                code: string;
                                message: string;
                                object: string;
                            }[];
                            /** @description What a run would add */
                            versions: {
                                bytes: number;
                                packages: {
                                    bytes: number;
                                    platform: string;
                                }[];
                                provider: string;
                                version: string;
                            }[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a paused mirror
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How a mirror is doing
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "mirror": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "network",
                         *         "organization": "platform",
                         *         "upstream": "registry.terraform.io",
                         *         "namespaces": [
                         *           "acme"
                         *         ],
                         *         "providers": [
                         *           "hashicorp/null"
                         *         ],
                         *         "versions": [
                         *           "1.4.2"
                         *         ],
                         *         "platforms": [
                         *           "linux_amd64"
                         *         ],
                         *         "keep_newest": 5,
                         *         "cool_down_days": 7,
                         *         "prereleases": false,
                         *         "interval_hours": 24,
                         *         "enabled": true,
                         *         "next_run_at": "2026-03-02T09:30:00.000Z",
                         *         "failures": 0,
                         *         "current_job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "created_at": "2026-03-02T09:30:00.000Z",
                         *         "created_by": "mia"
                         *       },
                         *       "state": "active",
                         *       "job": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "kind": "provider",
                         *         "title": "Load 3 providers",
                         *         "state": "active",
                         *         "created_by": "mia",
                         *         "created_at": "2026-03-02T09:30:00.000Z",
                         *         "started_at": "2026-03-02T09:30:00.000Z",
                         *         "finished_at": "2026-03-02T09:30:00.000Z",
                         *         "total": 3,
                         *         "completed": 3,
                         *         "failed": 0,
                         *         "cancelled": 0,
                         *         "running": 0,
                         *         "pending": 0,
                         *         "bytes_done": 9216058,
                         *         "bytes_total": 18432117
                         *       },
                         *       "versions_seen": 3,
                         *       "versions_brought": 3
                         *     }
                         */
                        "application/json": {
                            /** @description The last run, as it is now */
                            job: components["schemas"]["def-12"] | null;
                            mirror: components["schemas"]["def-14"];
                            /** @description idle, running, paused or failing */
                            state: string;
                            versions_brought: number;
                            /** @description Versions that runs have found to bring or to wait for */
                            versions_seen: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run a mirror now
         * @description All of it, one of its providers, or one version of a provider. Answers with the id of the job. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "scope": {
                     *         "provider": "hashicorp/random",
                     *         "version": "3.7.0"
                     *       }
                     *     }
                     */
                    "application/json": {
                        scope?: {
                            /** @description NAMESPACE/TYPE */
                            provider?: string;
                            /** @description One version of the provider */
                            version?: string;
                        };
                    };
                };
            };
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d"
                         *     }
                         */
                        "application/json": {
                            /** @description The same */
                            id: string;
                            job_id: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/mirrors/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Versions that a mirror has seen and brought
         * @description Those first that it saw last. Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description true: only what runs have taken; false: only what was seen and left */
                    brought?: boolean;
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    /** @description NAMESPACE/TYPE */
                    provider?: string;
                };
                header?: never;
                path: {
                    /** @description Id or name of the mirror */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "provider": "aws",
                         *           "version": "1.4.2",
                         *           "first_seen_at": "2026-03-02T09:30:00.000Z",
                         *           "published_at": "2026-03-02T09:30:00.000Z",
                         *           "brought": true,
                         *           "run": 3,
                         *           "job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "state": "active",
                         *           "packages": 3,
                         *           "signed_by": "upstream"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-16"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List notifications, newest first
         * @description Those of the whole registry are for whoever may see all mirrors, the others for whoever may see those of the organisation. Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    kind?: string;
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    /** @description true: only unread ones; false: only read ones */
                    unread?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "kind": "provider",
                         *           "subject": "hashicorp/null 3.2.2",
                         *           "message": "Cannot fetch \"hashicorp/null 3.2.2\": its list of checksums is signed by an unknown key",
                         *           "hint": "Try again in a minute",
                         *           "organization": "platform",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "read_at": "2026-03-02T09:30:00.000Z",
                         *           "read_by": "mia"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-18"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/notifications/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mark a notification as read
         * @description For everybody who sees it. When its cause happens again, there is a new one. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f",
                         *       "kind": "package_quarantined",
                         *       "subject": "registry.terraform.io/hashicorp/null 3.2.4 linux_amd64",
                         *       "message": "Cannot verify \"terraform-provider-null_3.2.4_linux_amd64.zip\": sha256 mismatch",
                         *       "hint": "Look at the evidence, then decide: terrace quarantine list",
                         *       "organization": null,
                         *       "created_at": "2026-01-02T03:04:05.000Z",
                         *       "read_at": null,
                         *       "read_by": null
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            /** @description What to do next */
                            hint: string;
                            id: string;
                            /** @description One of: package_quarantined. */
                            kind: string;
                            /** @description What happened */
                            message: string;
                            organization: string | null;
                            read_at: string | null;
                            read_by: string | null;
                            /** @description What it is about */
                            subject: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/notifications/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mark all notifications as read
         * @description Those that the caller may mark, for everybody who sees them. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "read": 3
                         *     }
                         */
                        "application/json": {
                            /** @description How many were unread */
                            read: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List held packages
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    hostname?: string;
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    namespace?: string;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    q?: string;
                    type?: string;
                    version?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "version_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "hostname": "registry.terraform.io",
                         *           "namespace": "acme",
                         *           "type": "widget",
                         *           "version": "1.4.2",
                         *           "os": "linux",
                         *           "arch": "amd64",
                         *           "filename": "terraform-provider-widget_1.4.2_linux_amd64.zip",
                         *           "size": 18432117,
                         *           "zh": "zh:5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *           "h1": "h1:ZXW3d6b2xJ6zY0p8cX3Qq0bC3M4F0q2m8e1f0Xn7a9c=",
                         *           "origin": "published",
                         *           "signed_by": "upstream",
                         *           "signing_key": "34365D9472D7468F",
                         *           "provenance": "signed",
                         *           "warning": "Version 1.4.1 is blocked",
                         *           "upstream_url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…",
                         *           "verified_at": "2026-03-02T09:30:00.000Z",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "created_by": "mia",
                         *           "deprecated": false,
                         *           "deprecation_message": "Use acme/vpc/aws instead",
                         *           "blocked": false,
                         *           "blocked_reason": "It deletes what it should not",
                         *           "damaged": false
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-8"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/providers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a version or a platform for ever
         * @description Needs the scope `mirrors:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Deprecate or block a version or a platform
         * @description Needs the scope `mirrors:manage`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "deprecated": true,
                     *       "deprecation_message": "Use 2.0.0"
                     *     }
                     */
                    "application/json": {
                        blocked?: boolean;
                        blocked_reason?: string;
                        deprecated?: boolean;
                        deprecation_message?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/admin/providers/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Load providers by a definition file
         * @description Body: HCL, or multipart/form-data with the file in any file part. Answers with the id of the job that loads them. Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "job_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d"
                         *     }
                         */
                        "application/json": {
                            /** @description The same, as the alias names it */
                            id: string;
                            job_id: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/quarantine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List quarantined packages
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "hostname": "registry.terraform.io",
                         *           "namespace": "hashicorp",
                         *           "type": "null",
                         *           "version": "3.2.2",
                         *           "os": "linux",
                         *           "arch": "amd64",
                         *           "step": "signature",
                         *           "code": "SIGNATURE_UNTRUSTED",
                         *           "message": "Cannot fetch \"hashicorp/null 3.2.2\": its list of checksums is signed by an unknown key",
                         *           "evidence": {
                         *             "url": "what was found"
                         *           },
                         *           "upstream_url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…",
                         *           "created_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-17"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/signing-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List signing keys
         * @description Needs the scope `mirrors:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "scope": "namespace",
                         *           "hostname": "registry.terraform.io",
                         *           "namespace": "hashicorp",
                         *           "type": "widget",
                         *           "fingerprint": "C874011F0AB405110D02105534365D9472D7468F",
                         *           "key_id": "34365D9472D7468F",
                         *           "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "source": "https://git.example.com/acme/terraform-aws-network",
                         *           "state": "active",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "decided_by": "mia",
                         *           "expires_at": "2026-03-02T09:30:00.000Z",
                         *           "expires_soon": true,
                         *           "retired_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-9"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Trust a signing key
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "scope": "registry.terraform.io/acme",
                     *       "ascii_armor": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n…\n-----END PGP PUBLIC KEY BLOCK-----\n",
                     *       "fingerprint": "C874011F0AB405110D02105534365D9472D7468F"
                     *     }
                     */
                    "application/json": {
                        /** @description Public key block */
                        ascii_armor: string;
                        /** @description What its owner says it is; any other key is refused. Spaces do not count */
                        fingerprint?: string;
                        /** @description HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider; _self is the host of what is published here */
                        scope: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "scope": "namespace",
                         *       "hostname": "registry.terraform.io",
                         *       "namespace": "hashicorp",
                         *       "type": "widget",
                         *       "fingerprint": "C874011F0AB405110D02105534365D9472D7468F",
                         *       "key_id": "34365D9472D7468F",
                         *       "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "source": "https://git.example.com/acme/terraform-aws-network",
                         *       "state": "active",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "decided_by": "mia",
                         *       "expires_at": "2026-03-02T09:30:00.000Z",
                         *       "expires_soon": true,
                         *       "retired_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            decided_by: string | null;
                            expires_at: string | null;
                            /** @description Within 60 days, or already */
                            expires_soon: boolean;
                            fingerprint: string;
                            /** @description _self for keys of providers that are published here */
                            hostname: string;
                            id: string;
                            key_id: string;
                            namespace: string;
                            /** @description What it signs from then on does not count */
                            retired_at: string | null;
                            /** @description What it may sign: HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider */
                            scope: string;
                            /** @description announced, publisher, administrator or refreshed */
                            source: string;
                            /** @description trusted, pending, rejected, or revoked by its owner */
                            state: string;
                            /** @description The only provider that it may sign; null: all of the namespace */
                            type: string | null;
                            user_id: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/signing-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Forget a signing key
         * @description Needs the scope `mirrors:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/signing-keys/{id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept a signing key
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "scope": "namespace",
                         *       "hostname": "registry.terraform.io",
                         *       "namespace": "acme",
                         *       "type": "widget",
                         *       "fingerprint": "C874011F0AB405110D02105534365D9472D7468F",
                         *       "key_id": "34365D9472D7468F",
                         *       "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "source": "https://git.example.com/acme/terraform-aws-network",
                         *       "state": "active",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "decided_by": "mia",
                         *       "expires_at": "2026-03-02T09:30:00.000Z",
                         *       "expires_soon": true,
                         *       "retired_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            decided_by: string | null;
                            expires_at: string | null;
                            /** @description Within 60 days, or already */
                            expires_soon: boolean;
                            fingerprint: string;
                            /** @description _self for keys of providers that are published here */
                            hostname: string;
                            id: string;
                            key_id: string;
                            namespace: string;
                            /** @description What it signs from then on does not count */
                            retired_at: string | null;
                            /** @description What it may sign: HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider */
                            scope: string;
                            /** @description announced, publisher, administrator or refreshed */
                            source: string;
                            /** @description trusted, pending, rejected, or revoked by its owner */
                            state: string;
                            /** @description The only provider that it may sign; null: all of the namespace */
                            type: string | null;
                            user_id: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/signing-keys/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject a signing key
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "scope": "namespace",
                         *       "hostname": "registry.terraform.io",
                         *       "namespace": "acme",
                         *       "type": "widget",
                         *       "fingerprint": "C874011F0AB405110D02105534365D9472D7468F",
                         *       "key_id": "34365D9472D7468F",
                         *       "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "source": "https://git.example.com/acme/terraform-aws-network",
                         *       "state": "active",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "decided_by": "mia",
                         *       "expires_at": "2026-03-02T09:30:00.000Z",
                         *       "expires_soon": true,
                         *       "retired_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            decided_by: string | null;
                            expires_at: string | null;
                            /** @description Within 60 days, or already */
                            expires_soon: boolean;
                            fingerprint: string;
                            /** @description _self for keys of providers that are published here */
                            hostname: string;
                            id: string;
                            key_id: string;
                            namespace: string;
                            /** @description What it signs from then on does not count */
                            retired_at: string | null;
                            /** @description What it may sign: HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider */
                            scope: string;
                            /** @description announced, publisher, administrator or refreshed */
                            source: string;
                            /** @description trusted, pending, rejected, or revoked by its owner */
                            state: string;
                            /** @description The only provider that it may sign; null: all of the namespace */
                            type: string | null;
                            user_id: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/signing-keys/{id}/retire": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a signing key sign nothing new
         * @description Needs the scope `mirrors:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "at": "2026-12-31T00:00:00Z"
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: date-time
                         * @description From when on what it signs does not count; default: now
                         */
                        at?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "scope": "namespace",
                         *       "hostname": "registry.terraform.io",
                         *       "namespace": "acme",
                         *       "type": "widget",
                         *       "fingerprint": "C874011F0AB405110D02105534365D9472D7468F",
                         *       "key_id": "34365D9472D7468F",
                         *       "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "source": "https://git.example.com/acme/terraform-aws-network",
                         *       "state": "active",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "decided_by": "mia",
                         *       "expires_at": "2026-03-02T09:30:00.000Z",
                         *       "expires_soon": true,
                         *       "retired_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            decided_by: string | null;
                            expires_at: string | null;
                            /** @description Within 60 days, or already */
                            expires_soon: boolean;
                            fingerprint: string;
                            /** @description _self for keys of providers that are published here */
                            hostname: string;
                            id: string;
                            key_id: string;
                            namespace: string;
                            /** @description What it signs from then on does not count */
                            retired_at: string | null;
                            /** @description What it may sign: HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider */
                            scope: string;
                            /** @description announced, publisher, administrator or refreshed */
                            source: string;
                            /** @description trusted, pending, rejected, or revoked by its owner */
                            state: string;
                            /** @description The only provider that it may sign; null: all of the namespace */
                            type: string | null;
                            user_id: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/apikeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List API keys
         * @description Needs any valid credential.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Keys of all users, or of your organisations; needs `users:read`. */
                    all?: boolean;
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "deploy",
                         *           "kind": "api_key",
                         *           "prefix": "tfr_1aB2cD",
                         *           "owner": {
                         *             "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *             "username": "mia"
                         *           },
                         *           "organization": {
                         *             "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *             "name": "platform"
                         *           },
                         *           "scopes": [
                         *             "modules:read"
                         *           ],
                         *           "namespaces": [
                         *             "acme"
                         *           ],
                         *           "state": "active",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "expires_at": "2026-03-02T09:30:00.000Z",
                         *           "last_used_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: {
                                /** @description ISO 8601, UTC. */
                                created_at: string;
                                expires_at: string | null;
                                id: string;
                                /** @description `key`, `login` (made by `terraform login`) or `ci` (made for a pipeline). */
                                kind: string;
                                last_used_at: string | null;
                                name: string;
                                /** @description The only namespaces that it may change; null: no restriction. */
                                namespaces: string[] | null;
                                /** @description The only organisation in which it counts; null: everywhere its owner may. */
                                organization: {
                                    id: string;
                                    name: string;
                                } | null;
                                /** @description Null for the key of a pipeline. */
                                owner: {
                                    id: string;
                                    username: string;
                                } | null;
                                /** @description First characters of the key. */
                                prefix: string;
                                scopes: string[];
                                /** @description `active`, `expiring` (within seven days) or `expired`. */
                                state: string;
                            }[];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Create an API key
         * @description Needs any valid credential.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "name": "release pipeline",
                     *       "scopes": [
                     *         "modules:write"
                     *       ],
                     *       "expires_at": "2027-01-31T00:00:00Z"
                     *     }
                     */
                    "application/json": {
                        /** @description Default: never. */
                        expires_at?: string | null;
                        /** @description What the key is for. */
                        name: string;
                        /** @description The only namespaces that it may change; null: no restriction. */
                        namespaces?: string[] | null;
                        /** @description Id or name of the only organisation in which it counts. */
                        organization?: string;
                        scopes: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "deploy",
                         *       "kind": "api_key",
                         *       "prefix": "tfr_1aB2cD",
                         *       "owner": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "username": "mia"
                         *       },
                         *       "organization": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "platform"
                         *       },
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "namespaces": [
                         *         "acme"
                         *       ],
                         *       "state": "active",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "expires_at": "2026-03-02T09:30:00.000Z",
                         *       "last_used_at": "2026-03-02T09:30:00.000Z",
                         *       "key": "tfr_…"
                         *     }
                         */
                        "application/json": {
                            /** @description ISO 8601, UTC. */
                            created_at: string;
                            expires_at: string | null;
                            id: string;
                            key: string;
                            /** @description `key`, `login` (made by `terraform login`) or `ci` (made for a pipeline). */
                            kind: string;
                            last_used_at: string | null;
                            name: string;
                            /** @description The only namespaces that it may change; null: no restriction. */
                            namespaces: string[] | null;
                            /** @description The only organisation in which it counts; null: everywhere its owner may. */
                            organization: {
                                id: string;
                                name: string;
                            } | null;
                            /** @description Null for the key of a pipeline. */
                            owner: {
                                id: string;
                                username: string;
                            } | null;
                            /** @description First characters of the key. */
                            prefix: string;
                            scopes: string[];
                            /** @description `active`, `expiring` (within seven days) or `expired`. */
                            state: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/apikeys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change an API key
         * @description Needs any valid credential.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            /** @description What is left out stays. */
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "expires_at": "2027-01-31T00:00:00Z"
                     *     }
                     */
                    "application/json": {
                        /** @description Null: never. */
                        expires_at?: string | null;
                        /** @description What the key is for. */
                        name?: string;
                        /** @description The only namespaces that it may change; null: no restriction. */
                        namespaces?: string[] | null;
                        scopes?: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "deploy",
                         *       "kind": "api_key",
                         *       "prefix": "tfr_1aB2cD",
                         *       "owner": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "username": "mia"
                         *       },
                         *       "organization": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "platform"
                         *       },
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "namespaces": [
                         *         "acme"
                         *       ],
                         *       "state": "active",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "expires_at": "2026-03-02T09:30:00.000Z",
                         *       "last_used_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** @description ISO 8601, UTC. */
                            created_at: string;
                            expires_at: string | null;
                            id: string;
                            /** @description `key`, `login` (made by `terraform login`) or `ci` (made for a pipeline). */
                            kind: string;
                            last_used_at: string | null;
                            name: string;
                            /** @description The only namespaces that it may change; null: no restriction. */
                            namespaces: string[] | null;
                            /** @description The only organisation in which it counts; null: everywhere its owner may. */
                            organization: {
                                id: string;
                                name: string;
                            } | null;
                            /** @description Null for the key of a pipeline. */
                            owner: {
                                id: string;
                                username: string;
                            } | null;
                            /** @description First characters of the key. */
                            prefix: string;
                            scopes: string[];
                            /** @description `active`, `expiring` (within seven days) or `expired`. */
                            state: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        post?: never;
        /**
         * Revoke an API key
         * @description Needs any valid credential.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/apikeys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace an API key by a new one
         * @description Needs any valid credential.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "grace_hours": 24
                     *     }
                     */
                    "application/json": {
                        /** @description End of the new key. Default: as long a life as the old one had. */
                        expires_at?: string | null;
                        /** @description How long the old key still works. Default 0: it is revoked at once. */
                        grace_hours?: number;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "network",
                         *       "kind": "provider",
                         *       "prefix": "tfr_1aB2cD",
                         *       "owner": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "username": "mia"
                         *       },
                         *       "organization": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "platform"
                         *       },
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "namespaces": [
                         *         "acme"
                         *       ],
                         *       "state": "active",
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "expires_at": "2026-03-02T09:30:00.000Z",
                         *       "last_used_at": "2026-03-02T09:30:00.000Z",
                         *       "key": "tfr_…"
                         *     }
                         */
                        "application/json": {
                            /** @description ISO 8601, UTC. */
                            created_at: string;
                            expires_at: string | null;
                            id: string;
                            key: string;
                            /** @description `key`, `login` (made by `terraform login`) or `ci` (made for a pipeline). */
                            kind: string;
                            last_used_at: string | null;
                            name: string;
                            /** @description The only namespaces that it may change; null: no restriction. */
                            namespaces: string[] | null;
                            /** @description The only organisation in which it counts; null: everywhere its owner may. */
                            organization: {
                                id: string;
                                name: string;
                            } | null;
                            /** @description Null for the key of a pipeline. */
                            owner: {
                                id: string;
                                username: string;
                            } | null;
                            /** @description First characters of the key. */
                            prefix: string;
                            scopes: string[];
                            /** @description `active`, `expiring` (within seven days) or `expired`. */
                            state: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List audit records, newest first
         * @description Needs the scope `audit:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description What the action begins with: `api_key.create`, or `api_key.` for everything about API keys. */
                    action?: string;
                    /** @description Name or id of the actor, whole. */
                    actor?: string;
                    /** @description From this time on (ISO 8601). */
                    from?: string;
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Part of the object, in any case. */
                    object?: string;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    outcome?: "allowed" | "denied" | "error";
                    /** @description Id of the request, whole. */
                    request_id?: string;
                    /** @description Before this time (ISO 8601). */
                    to?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "sequence": 3,
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "at": "2026-03-02T09:30:00.000Z",
                         *           "actor": {
                         *             "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *             "name": "mia"
                         *           },
                         *           "action": "provider_version.publish",
                         *           "object": "acme/widget 1.4.2",
                         *           "outcome": "allowed",
                         *           "ip": "192.0.2.7",
                         *           "request_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "details": {
                         *             "version": "1.4.2"
                         *           },
                         *           "previous_hash": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *           "hash": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: {
                                action: string;
                                actor: {
                                    id: string | null;
                                    name: string;
                                };
                                /** @description ISO 8601, UTC. */
                                at: string;
                                details: {
                                    [key: string]: unknown;
                                };
                                /** @description HMAC-SHA-256 over this record and the hash of the one before. */
                                hash: string | null;
                                id: string;
                                ip: string | null;
                                object: string;
                                /** @description `allowed`, `denied` or `error`. */
                                outcome: string;
                                /** @description Hash of the record before; empty for the first. */
                                previous_hash: string | null;
                                request_id: string | null;
                                /** @description Place in the chain, from 1 without gaps; null for records from before there was one. */
                                sequence: number | null;
                            }[];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All audit records that match, oldest first, one JSON document a line
         * @description Needs the scope `audit:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description What the action begins with: `api_key.create`, or `api_key.` for everything about API keys. */
                    action?: string;
                    /** @description Name or id of the actor, whole. */
                    actor?: string;
                    /** @description From this time on (ISO 8601). */
                    from?: string;
                    /** @description Part of the object, in any case. */
                    object?: string;
                    outcome?: "allowed" | "denied" | "error";
                    /** @description Id of the request, whole. */
                    request_id?: string;
                    /** @description Before this time (ISO 8601). */
                    to?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description One record a line. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-ndjson": string;
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/x-ndjson": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the audit records are as they were written
         * @description Needs the scope `audit:read`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "checked": 3,
                         *       "ok": true,
                         *       "first_problem": {
                         *         "sequence": 3,
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "kind": "provider",
                         *         "detail": "the value is \"acme/other\""
                         *       }
                         *     }
                         */
                        "application/json": {
                            /** @description Records that were looked at; stops at the first problem. */
                            checked: number;
                            first_problem?: {
                                detail: string;
                                /** @description Null when the record is missing. */
                                id: string | null;
                                /** @description `changed`, `removed`, `inserted`, `reordered` or `truncated`. */
                                kind: string;
                                /** @description Place in the chain; null for records without one. */
                                sequence: number | null;
                            };
                            ok: boolean;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in
         * @description No credential is needed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "username": "mia",
                     *       "password": "correct horse battery"
                     *     }
                     */
                    "application/json": {
                        /** @description For browsers: the token goes into a cookie that scripts cannot read, the answer has a CSRF token. */
                        cookie?: boolean;
                        password: string;
                        username: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "token": "/oauth/token",
                         *       "csrf_token": "Jr1…",
                         *       "expires_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** @description With `cookie`: to be sent as `X-CSRF-Token` with every change. */
                            csrf_token?: string;
                            /** @description ISO 8601, UTC. */
                            expires_at: string;
                            /** @description Session token; not with `cookie`. */
                            token?: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign out
         * @description Needs any valid credential.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whose credential this is
         * @description Needs any valid credential.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "kind": "session",
                         *       "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "mia",
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "organizations": [
                         *         {
                         *           "name": "platform",
                         *           "display_name": "Acme Platform",
                         *           "role": "publisher",
                         *           "scopes": [
                         *             "modules:read"
                         *           ]
                         *         }
                         *       ],
                         *       "csrf_token": "Jr1…"
                         *     }
                         */
                        "application/json": {
                            /** @description For a session in a cookie: to be sent as `X-CSRF-Token` with every change. */
                            csrf_token?: string;
                            /** @description `session` or `api_key`. */
                            kind: string;
                            name: string;
                            /** @description Where its holder has a role. */
                            organizations: {
                                display_name: string;
                                name: string;
                                /** @description Name of the role template; null for a key that is not of a member. */
                                role: string | null;
                                /** @description What it may do there. */
                                scopes: string[];
                            }[];
                            /** @description What it may do in the whole registry. */
                            scopes: string[];
                            user_id: string | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ways to sign in
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "local": true,
                         *       "single_sign_on": [
                         *         {
                         *           "name": "network",
                         *           "title": "Load 3 providers",
                         *           "url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…"
                         *         }
                         *       ],
                         *       "development": false
                         *     }
                         */
                        "application/json": {
                            /** @description Whether anybody may sign in as anybody: POST /api/v1/auth/dev-login. Never in production. */
                            development: boolean;
                            /** @description Whether users sign in with a password: POST /api/v1/auth/login. */
                            local: boolean;
                            single_sign_on: {
                                name: string;
                                /** @description For a button. */
                                title: string;
                                /** @description Where the browser goes; takes the query `return_to`, a path of this server. */
                                url: string;
                            }[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change your password
         * @description Needs any valid credential.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "current_password": "correct horse battery",
                     *       "new_password": "staple battery horse"
                     *     }
                     */
                    "application/json": {
                        /** @description The one that counts now. */
                        current_password: string;
                        /** @description At least 12 characters. */
                        new_password: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "sessions_revoked": 3,
                         *       "api_keys_kept": 3
                         *     }
                         */
                        "application/json": {
                            /** @description API keys that still count. Revoke those that may be known to others. */
                            api_keys_kept: number;
                            /** @description Sessions that were ended; for a change of your own the one of this request too. */
                            sessions_revoked: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your sessions
         * @description Needs any valid credential.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "expires_at": "2026-03-02T09:30:00.000Z",
                         *           "ip": "192.0.2.7",
                         *           "user_agent": "Terraform/1.11.4",
                         *           "current": true
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: {
                                /** @description ISO 8601, UTC. */
                                created_at: string;
                                /** @description Whether it is the session of this request. */
                                current: boolean;
                                /** @description ISO 8601, UTC. */
                                expires_at: string;
                                id: string;
                                /** @description Address that signed in. */
                                ip: string;
                                user_agent: string;
                            }[];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End one of your sessions
         * @description Needs any valid credential.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sso/{name}/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where an identity provider sends the browser back
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: {
                    code?: string;
                    error?: string;
                    iss?: string;
                    state?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the provider, as `GET /api/v1/auth/methods` lists it. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Signed in: to `return_to`, with the session in a cookie. A failure is a page. */
                303: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sso/{name}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Begin to sign in through an identity provider
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Path of this server to go to afterwards; default `/`. */
                    return_to?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the provider, as `GET /api/v1/auth/methods` lists it. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description To the identity provider. A failure is a page. */
                302: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/token-exchange": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchange the identity token of a pipeline for a short-lived API key
         * @description No credential is needed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOmFjbWUvbmV0d29yayJ9.c2lnbmF0dXJl"
                     *     }
                     */
                    "application/json": {
                        /** @description Id or name; needed when several organisations trust the pipeline. */
                        organization?: string;
                        /** @description Identity token (JWT) of GitHub, GitLab, Azure DevOps or another issuer. */
                        token: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "key": "tfr_…",
                         *       "expires_at": "2026-03-02T09:30:00.000Z",
                         *       "organization": "platform",
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "namespaces": [
                         *         "acme"
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description ISO 8601, UTC; at most an hour away. */
                            expires_at: string;
                            /** @description An API key. It is shown this once. */
                            key: string;
                            /** @description The only namespaces that it may change; null: all. */
                            namespaces: string[] | null;
                            organization: string;
                            scopes: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/lock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A lock file for providers that are held, with the hashes of every platform
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query: {
                    /** @description hcl, or the header "Accept: text/plain": the file alone */
                    format?: "json" | "hcl";
                    /** @description Default: every platform that is stored */
                    platform?: string[];
                    /** @description [HOST/]NAMESPACE/TYPE */
                    provider: string[];
                    /** @description Constraints, one for each provider in the same order; empty for any version */
                    version?: string[];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The lock file. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "providers": [
                         *         {
                         *           "address": "registry.terraform.io/hashicorp/null",
                         *           "version": "1.4.2",
                         *           "constraints": ">= 3.2.0",
                         *           "hashes": [
                         *             "zh:5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e"
                         *           ],
                         *           "missing": [
                         *             {
                         *               "platform": "linux_amd64",
                         *               "why": "not_released"
                         *             }
                         *           ],
                         *           "previous_version": "1.4.1",
                         *           "added_hashes": 3
                         *         }
                         *       ],
                         *       "kept": [
                         *         {
                         *           "address": "registry.terraform.io/hashicorp/null",
                         *           "version": "1.4.2",
                         *           "why": "not_required"
                         *         }
                         *       ],
                         *       "lock_file": "provider \"registry.terraform.io/hashicorp/null\" {\n  version = \"3.2.2\"\n  …\n}\n"
                         *     }
                         */
                        "application/json": {
                            /** @description Blocks of the lock file that was sent, as they were */
                            kept: {
                                address: string;
                                version: string;
                                /** @enum {unknown} */
                                why: "not_required" | "not_held";
                            }[];
                            /** @description Text of .terraform.lock.hcl */
                            lock_file: string;
                            providers: {
                                /** @description How many of the hashes the lock file that was sent does not have */
                                added_hashes: number;
                                /** @description HOST/NAMESPACE/TYPE, as lock files write it */
                                address: string;
                                /** @description In the normalised form of lock files; empty when there are none */
                                constraints: string;
                                /** @description Sorted, h1: before zh: */
                                hashes: string[];
                                /** @description Platforms without h1:. not_released: the checksum list has no such package. not_held: it is not stored here */
                                missing: {
                                    platform: string;
                                    /** @enum {unknown} */
                                    why: "not_released" | "not_held" | "blocked" | "damaged";
                                }[];
                                /** @description In the lock file that was sent */
                                previous_version: string | null;
                                version: string;
                            }[];
                        };
                        "text/plain": string;
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * A lock file for the providers that a configuration requires
         * @description Nothing of the configuration is kept, run or evaluated. Needs any valid credential.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "files": [
                     *         {
                     *           "path": "main.tf",
                     *           "text": "terraform {\n  required_providers {\n    random = { source = \"hashicorp/random\" }\n  }\n}\n"
                     *         }
                     *       ],
                     *       "platforms": [
                     *         "linux_amd64",
                     *         "darwin_arm64"
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description Configuration in native or JSON syntax, told by the name */
                        files: {
                            /** @description With the folder: files of one folder belong together */
                            path: string;
                            text: string;
                        }[];
                        /** @description The lock file that is there: its versions stay */
                        lock_file?: string;
                        /** @description Default: every platform that is stored */
                        platforms?: string[];
                        /**
                         * @description Whose lock file it is when none is sent: it decides which host a source without one means
                         * @enum {unknown}
                         */
                        program?: "terraform" | "tofu";
                        /** @description Take the newest versions that match, whatever is locked */
                        upgrade?: boolean;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "providers": [
                         *         {
                         *           "address": "registry.terraform.io/hashicorp/null",
                         *           "version": "1.4.2",
                         *           "constraints": ">= 3.2.0",
                         *           "hashes": [
                         *             "zh:5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e"
                         *           ],
                         *           "missing": [
                         *             {
                         *               "platform": "linux_amd64",
                         *               "why": "not_released"
                         *             }
                         *           ],
                         *           "previous_version": "1.4.1",
                         *           "added_hashes": 3
                         *         }
                         *       ],
                         *       "kept": [
                         *         {
                         *           "address": "registry.terraform.io/hashicorp/null",
                         *           "version": "1.4.2",
                         *           "why": "not_required"
                         *         }
                         *       ],
                         *       "lock_file": "provider \"registry.terraform.io/hashicorp/null\" {\n  version = \"3.2.2\"\n  …\n}\n",
                         *       "module_calls": [
                         *         {
                         *           "folder": "modules/subnet",
                         *           "name": "subnet",
                         *           "source": "acme/subnet/aws"
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description Blocks of the lock file that was sent, as they were */
                            kept: {
                                address: string;
                                version: string;
                                /** @enum {unknown} */
                                why: "not_required" | "not_held";
                            }[];
                            /** @description Text of .terraform.lock.hcl */
                            lock_file: string;
                            /** @description Modules that the files call; what they need is locked only if their files were sent too */
                            module_calls: {
                                folder: string;
                                name: string;
                                source: string;
                            }[];
                            providers: {
                                /** @description How many of the hashes the lock file that was sent does not have */
                                added_hashes: number;
                                /** @description HOST/NAMESPACE/TYPE, as lock files write it */
                                address: string;
                                /** @description In the normalised form of lock files; empty when there are none */
                                constraints: string;
                                /** @description Sorted, h1: before zh: */
                                hashes: string[];
                                /** @description Platforms without h1:. not_released: the checksum list has no such package. not_held: it is not stored here */
                                missing: {
                                    platform: string;
                                    /** @enum {unknown} */
                                    why: "not_released" | "not_held" | "blocked" | "damaged";
                                }[];
                                /** @description In the lock file that was sent */
                                previous_version: string | null;
                                version: string;
                            }[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/modules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish a module version
         * @description multipart/form-data with the fields namespace, name, system, version, description, source, and the file "file" (.tar.gz or .zip). Needs the scope `modules:write`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "namespace": "acme",
                         *       "name": "network",
                         *       "system": "aws",
                         *       "version": "1.4.2",
                         *       "sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *       "content_sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *       "size": 18432117,
                         *       "problems": []
                         *     }
                         */
                        "application/json": {
                            /** @description Of its content: equal for equal files */
                            content_sha256: string;
                            name: string;
                            namespace: string;
                            /** @description Files that could not be analysed; the version is published all the same */
                            problems: {
                                column?: number;
                                line?: number;
                                message: string;
                                path: string;
                            }[];
                            /** @description Of the canonical archive that is stored */
                            sha256: string;
                            /** @description Bytes */
                            size: number;
                            system: string;
                            version: string;
                        };
                    };
                };
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "namespace": "acme",
                         *       "name": "network",
                         *       "system": "aws",
                         *       "version": "1.4.2",
                         *       "sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *       "content_sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *       "size": 18432117,
                         *       "problems": []
                         *     }
                         */
                        "application/json": {
                            /** @description Of its content: equal for equal files */
                            content_sha256: string;
                            name: string;
                            namespace: string;
                            /** @description Files that could not be analysed; the version is published all the same */
                            problems: {
                                column?: number;
                                line?: number;
                                message: string;
                                path: string;
                            }[];
                            /** @description Of the canonical archive that is stored */
                            sha256: string;
                            /** @description Bytes */
                            size: number;
                            system: string;
                            version: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/modules/{namespace}/{name}/{system}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A module, its latest version
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "module": {
                         *         "namespace": "acme",
                         *         "name": "network",
                         *         "system": "aws",
                         *         "description": "What it is for",
                         *         "source": "https://git.example.com/acme/terraform-aws-network",
                         *         "deprecated": false,
                         *         "deprecation_message": "Use acme/vpc/aws instead",
                         *         "successor": "acme/vpc/aws",
                         *         "created_at": "2026-03-02T09:30:00.000Z",
                         *         "latest": "1.4.2",
                         *         "downloads": 1204
                         *       },
                         *       "version": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "version": "1.4.2",
                         *         "state": "published",
                         *         "sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *         "content_sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *         "size": 18432117,
                         *         "commit": "9f3e0c4b86f2d97a1e5f3c0e1d9a7b48264c1f0b",
                         *         "published_at": "2026-03-02T09:30:00.000Z",
                         *         "published_by": "mia",
                         *         "deprecation_message": "Use acme/vpc/aws instead",
                         *         "successor": "acme/vpc/aws",
                         *         "deleted_reason": "Published by mistake",
                         *         "downloads": 1204
                         *       },
                         *       "readme": "# Network\n\nA network with its subnets.",
                         *       "analysis": {
                         *         "root": {
                         *           "path": "",
                         *           "name": "network",
                         *           "readme": {
                         *             "path": "README.md",
                         *             "markdown": "# Network\n\nA network with its subnets."
                         *           },
                         *           "inputs": [
                         *             {
                         *               "name": "cidr_block",
                         *               "type": "string",
                         *               "description": "Range of addresses of the network",
                         *               "default": "\"10.0.0.0/16\"",
                         *               "required": true,
                         *               "sensitive": false,
                         *               "nullable": false,
                         *               "ephemeral": false,
                         *               "validation": [
                         *                 {
                         *                   "condition": "var.size > 0",
                         *                   "error_message": "The size must be positive."
                         *                 }
                         *               ]
                         *             }
                         *           ],
                         *           "outputs": [
                         *             {
                         *               "name": "network_id",
                         *               "description": "What it is for",
                         *               "sensitive": false,
                         *               "ephemeral": false
                         *             }
                         *           ],
                         *           "resources": [
                         *             {
                         *               "type": "aws_vpc",
                         *               "name": "this"
                         *             }
                         *           ],
                         *           "data_sources": [
                         *             {
                         *               "type": "aws_region",
                         *               "name": "current"
                         *             }
                         *           ],
                         *           "required_providers": [
                         *             {
                         *               "name": "aws",
                         *               "source": "hashicorp/aws",
                         *               "version": "~> 6.0",
                         *               "configuration_aliases": [
                         *                 "aws.replica"
                         *               ]
                         *             }
                         *           ],
                         *           "required_version": ">= 1.6.0",
                         *           "module_calls": [
                         *             {
                         *               "name": "subnet",
                         *               "source": "acme/subnet/aws",
                         *               "version": "~> 2.1"
                         *             }
                         *           ],
                         *           "moved": [
                         *             {
                         *               "from": "aws_vpc.main",
                         *               "to": "aws_vpc.this"
                         *             }
                         *           ],
                         *           "empty": false
                         *         },
                         *         "submodules": [],
                         *         "examples": [
                         *           {
                         *             "path": "examples/simple",
                         *             "name": "simple",
                         *             "readme": {
                         *               "path": "README.md",
                         *               "markdown": "# Network\n\nA network with its subnets."
                         *             },
                         *             "inputs": [
                         *               {
                         *                 "name": "cidr_block",
                         *                 "type": "string",
                         *                 "description": "Range of addresses of the network",
                         *                 "default": "\"10.0.0.0/16\"",
                         *                 "required": true,
                         *                 "sensitive": false,
                         *                 "nullable": false,
                         *                 "ephemeral": false,
                         *                 "validation": [
                         *                   {
                         *                     "condition": "var.size > 0",
                         *                     "error_message": "The size must be positive."
                         *                   }
                         *                 ]
                         *               }
                         *             ],
                         *             "outputs": [
                         *               {
                         *                 "name": "network_id",
                         *                 "description": "What it is for",
                         *                 "sensitive": false,
                         *                 "ephemeral": false
                         *               }
                         *             ],
                         *             "resources": [
                         *               {
                         *                 "type": "aws_vpc",
                         *                 "name": "this"
                         *               }
                         *             ],
                         *             "data_sources": [
                         *               {
                         *                 "type": "aws_region",
                         *                 "name": "current"
                         *               }
                         *             ],
                         *             "required_providers": [
                         *               {
                         *                 "name": "aws",
                         *                 "source": "hashicorp/aws",
                         *                 "version": "~> 6.0",
                         *                 "configuration_aliases": [
                         *                   "aws.replica"
                         *                 ]
                         *               }
                         *             ],
                         *             "required_version": ">= 1.6.0",
                         *             "module_calls": [
                         *               {
                         *                 "name": "subnet",
                         *                 "source": "acme/subnet/aws",
                         *                 "version": "~> 2.1"
                         *               }
                         *             ],
                         *             "moved": [
                         *               {
                         *                 "from": "aws_vpc.main",
                         *                 "to": "aws_vpc.this"
                         *               }
                         *             ],
                         *             "empty": false
                         *           }
                         *         ],
                         *         "licence": {
                         *           "path": "LICENSE",
                         *           "spdx": "MPL-2.0"
                         *         },
                         *         "problems": []
                         *       },
                         *       "systems": [
                         *         "aws"
                         *       ],
                         *       "versions": [
                         *         "1.4.2"
                         *       ]
                         *     }
                         */
                        "application/json": {
                            analysis: {
                                /** @description Every folder examples/NAME with configuration, by path */
                                examples: {
                                    data_sources: {
                                        name: string;
                                        type: string;
                                    }[];
                                    /** @description Nothing is declared in it */
                                    empty: boolean;
                                    inputs: {
                                        /** @description JSON text; null when there is none */
                                        default: string | null;
                                        /** @description Empty when there is none */
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        nullable: boolean;
                                        required: boolean;
                                        sensitive: boolean;
                                        /** @description As written, without quotes; "any" when none is given */
                                        type: string;
                                        validation: {
                                            condition: string;
                                            error_message: string;
                                        }[];
                                    }[];
                                    module_calls: {
                                        name: string;
                                        source: string;
                                        version?: string;
                                    }[];
                                    /** @description Addresses that its moved blocks name */
                                    moved: {
                                        from: string;
                                        to: string;
                                    }[];
                                    /** @description Last part of the path */
                                    name: string;
                                    outputs: {
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        sensitive: boolean;
                                    }[];
                                    /** @description Empty for the root, else like modules/x */
                                    path: string;
                                    readme?: {
                                        /** @description Markdown as written: not safe to show as it is */
                                        markdown: string;
                                        path: string;
                                    };
                                    required_providers: {
                                        /** @description Configurations that callers must pass, such as aws.replica */
                                        configuration_aliases: string[];
                                        /** @description Local name */
                                        name: string;
                                        /** @description HOST/NAMESPACE/TYPE; as written when it is no address */
                                        source: string;
                                        /** @description Constraints, separated by commas; empty when there are none */
                                        version: string;
                                    }[];
                                    /** @description Constraints on Terraform */
                                    required_version?: string;
                                    resources: {
                                        name: string;
                                        type: string;
                                    }[];
                                }[];
                                licence?: {
                                    path: string;
                                    /** @description SPDX identifier, when the text is a known one */
                                    spdx?: string;
                                };
                                /** @description At most 100 */
                                problems: {
                                    /** @description From 1, in characters */
                                    column?: number;
                                    /** @description From 1 */
                                    line?: number;
                                    message: string;
                                    /** @description File or folder in the archive; empty for the whole archive */
                                    path: string;
                                }[];
                                root: {
                                    data_sources: {
                                        name: string;
                                        type: string;
                                    }[];
                                    /** @description Nothing is declared in it */
                                    empty: boolean;
                                    inputs: {
                                        /** @description JSON text; null when there is none */
                                        default: string | null;
                                        /** @description Empty when there is none */
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        nullable: boolean;
                                        required: boolean;
                                        sensitive: boolean;
                                        /** @description As written, without quotes; "any" when none is given */
                                        type: string;
                                        validation: {
                                            condition: string;
                                            error_message: string;
                                        }[];
                                    }[];
                                    module_calls: {
                                        name: string;
                                        source: string;
                                        version?: string;
                                    }[];
                                    /** @description Addresses that its moved blocks name */
                                    moved: {
                                        from: string;
                                        to: string;
                                    }[];
                                    /** @description Last part of the path */
                                    name: string;
                                    outputs: {
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        sensitive: boolean;
                                    }[];
                                    /** @description Empty for the root, else like modules/x */
                                    path: string;
                                    readme?: {
                                        /** @description Markdown as written: not safe to show as it is */
                                        markdown: string;
                                        path: string;
                                    };
                                    required_providers: {
                                        /** @description Configurations that callers must pass, such as aws.replica */
                                        configuration_aliases: string[];
                                        /** @description Local name */
                                        name: string;
                                        /** @description HOST/NAMESPACE/TYPE; as written when it is no address */
                                        source: string;
                                        /** @description Constraints, separated by commas; empty when there are none */
                                        version: string;
                                    }[];
                                    /** @description Constraints on Terraform */
                                    required_version?: string;
                                    resources: {
                                        name: string;
                                        type: string;
                                    }[];
                                };
                                /** @description Every folder modules/NAME with configuration, by path */
                                submodules: {
                                    data_sources: {
                                        name: string;
                                        type: string;
                                    }[];
                                    /** @description Nothing is declared in it */
                                    empty: boolean;
                                    inputs: {
                                        /** @description JSON text; null when there is none */
                                        default: string | null;
                                        /** @description Empty when there is none */
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        nullable: boolean;
                                        required: boolean;
                                        sensitive: boolean;
                                        /** @description As written, without quotes; "any" when none is given */
                                        type: string;
                                        validation: {
                                            condition: string;
                                            error_message: string;
                                        }[];
                                    }[];
                                    module_calls: {
                                        name: string;
                                        source: string;
                                        version?: string;
                                    }[];
                                    /** @description Addresses that its moved blocks name */
                                    moved: {
                                        from: string;
                                        to: string;
                                    }[];
                                    /** @description Last part of the path */
                                    name: string;
                                    outputs: {
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        sensitive: boolean;
                                    }[];
                                    /** @description Empty for the root, else like modules/x */
                                    path: string;
                                    readme?: {
                                        /** @description Markdown as written: not safe to show as it is */
                                        markdown: string;
                                        path: string;
                                    };
                                    required_providers: {
                                        /** @description Configurations that callers must pass, such as aws.replica */
                                        configuration_aliases: string[];
                                        /** @description Local name */
                                        name: string;
                                        /** @description HOST/NAMESPACE/TYPE; as written when it is no address */
                                        source: string;
                                        /** @description Constraints, separated by commas; empty when there are none */
                                        version: string;
                                    }[];
                                    /** @description Constraints on Terraform */
                                    required_version?: string;
                                    resources: {
                                        name: string;
                                        type: string;
                                    }[];
                                }[];
                            };
                            module: components["schemas"]["def-6"];
                            /** @description Markdown as its author wrote it, any HTML included: not safe to show before it is cleaned */
                            readme: string;
                            systems: string[];
                            version: components["schemas"]["def-7"];
                            versions: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Withdraw every version for ever
         * @description Needs the scope `modules:write`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "reason": "Opens a port to everyone"
                     *     }
                     */
                    "application/json": {
                        reason: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Deprecate a module, or take it back
         * @description Needs the scope `modules:write`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "deprecated": true,
                     *       "message": "Use acme/network/aws",
                     *       "successor": "acme/network/aws"
                     *     }
                     */
                    "application/json": {
                        deprecated: boolean;
                        /** @description What callers should do */
                        message?: string;
                        /** @description Version or module address that takes its place */
                        successor?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/modules/{namespace}/{name}/{system}/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A module, one version
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "module": {
                         *         "namespace": "acme",
                         *         "name": "network",
                         *         "system": "aws",
                         *         "description": "What it is for",
                         *         "source": "https://git.example.com/acme/terraform-aws-network",
                         *         "deprecated": false,
                         *         "deprecation_message": "Use acme/vpc/aws instead",
                         *         "successor": "acme/vpc/aws",
                         *         "created_at": "2026-03-02T09:30:00.000Z",
                         *         "latest": "1.4.2",
                         *         "downloads": 1204
                         *       },
                         *       "version": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "version": "1.4.2",
                         *         "state": "published",
                         *         "sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *         "content_sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *         "size": 18432117,
                         *         "commit": "9f3e0c4b86f2d97a1e5f3c0e1d9a7b48264c1f0b",
                         *         "published_at": "2026-03-02T09:30:00.000Z",
                         *         "published_by": "mia",
                         *         "deprecation_message": "Use acme/vpc/aws instead",
                         *         "successor": "acme/vpc/aws",
                         *         "deleted_reason": "Published by mistake",
                         *         "downloads": 1204
                         *       },
                         *       "readme": "# Network\n\nA network with its subnets.",
                         *       "analysis": {
                         *         "root": {
                         *           "path": "",
                         *           "name": "network",
                         *           "readme": {
                         *             "path": "README.md",
                         *             "markdown": "# Network\n\nA network with its subnets."
                         *           },
                         *           "inputs": [
                         *             {
                         *               "name": "cidr_block",
                         *               "type": "string",
                         *               "description": "Range of addresses of the network",
                         *               "default": "\"10.0.0.0/16\"",
                         *               "required": true,
                         *               "sensitive": false,
                         *               "nullable": false,
                         *               "ephemeral": false,
                         *               "validation": [
                         *                 {
                         *                   "condition": "var.size > 0",
                         *                   "error_message": "The size must be positive."
                         *                 }
                         *               ]
                         *             }
                         *           ],
                         *           "outputs": [
                         *             {
                         *               "name": "network_id",
                         *               "description": "What it is for",
                         *               "sensitive": false,
                         *               "ephemeral": false
                         *             }
                         *           ],
                         *           "resources": [
                         *             {
                         *               "type": "aws_vpc",
                         *               "name": "this"
                         *             }
                         *           ],
                         *           "data_sources": [
                         *             {
                         *               "type": "aws_region",
                         *               "name": "current"
                         *             }
                         *           ],
                         *           "required_providers": [
                         *             {
                         *               "name": "aws",
                         *               "source": "hashicorp/aws",
                         *               "version": "~> 6.0",
                         *               "configuration_aliases": [
                         *                 "aws.replica"
                         *               ]
                         *             }
                         *           ],
                         *           "required_version": ">= 1.6.0",
                         *           "module_calls": [
                         *             {
                         *               "name": "subnet",
                         *               "source": "acme/subnet/aws",
                         *               "version": "~> 2.1"
                         *             }
                         *           ],
                         *           "moved": [
                         *             {
                         *               "from": "aws_vpc.main",
                         *               "to": "aws_vpc.this"
                         *             }
                         *           ],
                         *           "empty": false
                         *         },
                         *         "submodules": [],
                         *         "examples": [
                         *           {
                         *             "path": "examples/simple",
                         *             "name": "simple",
                         *             "readme": {
                         *               "path": "README.md",
                         *               "markdown": "# Network\n\nA network with its subnets."
                         *             },
                         *             "inputs": [
                         *               {
                         *                 "name": "cidr_block",
                         *                 "type": "string",
                         *                 "description": "Range of addresses of the network",
                         *                 "default": "\"10.0.0.0/16\"",
                         *                 "required": true,
                         *                 "sensitive": false,
                         *                 "nullable": false,
                         *                 "ephemeral": false,
                         *                 "validation": [
                         *                   {
                         *                     "condition": "var.size > 0",
                         *                     "error_message": "The size must be positive."
                         *                   }
                         *                 ]
                         *               }
                         *             ],
                         *             "outputs": [
                         *               {
                         *                 "name": "network_id",
                         *                 "description": "What it is for",
                         *                 "sensitive": false,
                         *                 "ephemeral": false
                         *               }
                         *             ],
                         *             "resources": [
                         *               {
                         *                 "type": "aws_vpc",
                         *                 "name": "this"
                         *               }
                         *             ],
                         *             "data_sources": [
                         *               {
                         *                 "type": "aws_region",
                         *                 "name": "current"
                         *               }
                         *             ],
                         *             "required_providers": [
                         *               {
                         *                 "name": "aws",
                         *                 "source": "hashicorp/aws",
                         *                 "version": "~> 6.0",
                         *                 "configuration_aliases": [
                         *                   "aws.replica"
                         *                 ]
                         *               }
                         *             ],
                         *             "required_version": ">= 1.6.0",
                         *             "module_calls": [
                         *               {
                         *                 "name": "subnet",
                         *                 "source": "acme/subnet/aws",
                         *                 "version": "~> 2.1"
                         *               }
                         *             ],
                         *             "moved": [
                         *               {
                         *                 "from": "aws_vpc.main",
                         *                 "to": "aws_vpc.this"
                         *               }
                         *             ],
                         *             "empty": false
                         *           }
                         *         ],
                         *         "licence": {
                         *           "path": "LICENSE",
                         *           "spdx": "MPL-2.0"
                         *         },
                         *         "problems": []
                         *       },
                         *       "systems": [
                         *         "aws"
                         *       ],
                         *       "versions": [
                         *         "1.4.2"
                         *       ]
                         *     }
                         */
                        "application/json": {
                            analysis: {
                                /** @description Every folder examples/NAME with configuration, by path */
                                examples: {
                                    data_sources: {
                                        name: string;
                                        type: string;
                                    }[];
                                    /** @description Nothing is declared in it */
                                    empty: boolean;
                                    inputs: {
                                        /** @description JSON text; null when there is none */
                                        default: string | null;
                                        /** @description Empty when there is none */
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        nullable: boolean;
                                        required: boolean;
                                        sensitive: boolean;
                                        /** @description As written, without quotes; "any" when none is given */
                                        type: string;
                                        validation: {
                                            condition: string;
                                            error_message: string;
                                        }[];
                                    }[];
                                    module_calls: {
                                        name: string;
                                        source: string;
                                        version?: string;
                                    }[];
                                    /** @description Addresses that its moved blocks name */
                                    moved: {
                                        from: string;
                                        to: string;
                                    }[];
                                    /** @description Last part of the path */
                                    name: string;
                                    outputs: {
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        sensitive: boolean;
                                    }[];
                                    /** @description Empty for the root, else like modules/x */
                                    path: string;
                                    readme?: {
                                        /** @description Markdown as written: not safe to show as it is */
                                        markdown: string;
                                        path: string;
                                    };
                                    required_providers: {
                                        /** @description Configurations that callers must pass, such as aws.replica */
                                        configuration_aliases: string[];
                                        /** @description Local name */
                                        name: string;
                                        /** @description HOST/NAMESPACE/TYPE; as written when it is no address */
                                        source: string;
                                        /** @description Constraints, separated by commas; empty when there are none */
                                        version: string;
                                    }[];
                                    /** @description Constraints on Terraform */
                                    required_version?: string;
                                    resources: {
                                        name: string;
                                        type: string;
                                    }[];
                                }[];
                                licence?: {
                                    path: string;
                                    /** @description SPDX identifier, when the text is a known one */
                                    spdx?: string;
                                };
                                /** @description At most 100 */
                                problems: {
                                    /** @description From 1, in characters */
                                    column?: number;
                                    /** @description From 1 */
                                    line?: number;
                                    message: string;
                                    /** @description File or folder in the archive; empty for the whole archive */
                                    path: string;
                                }[];
                                root: {
                                    data_sources: {
                                        name: string;
                                        type: string;
                                    }[];
                                    /** @description Nothing is declared in it */
                                    empty: boolean;
                                    inputs: {
                                        /** @description JSON text; null when there is none */
                                        default: string | null;
                                        /** @description Empty when there is none */
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        nullable: boolean;
                                        required: boolean;
                                        sensitive: boolean;
                                        /** @description As written, without quotes; "any" when none is given */
                                        type: string;
                                        validation: {
                                            condition: string;
                                            error_message: string;
                                        }[];
                                    }[];
                                    module_calls: {
                                        name: string;
                                        source: string;
                                        version?: string;
                                    }[];
                                    /** @description Addresses that its moved blocks name */
                                    moved: {
                                        from: string;
                                        to: string;
                                    }[];
                                    /** @description Last part of the path */
                                    name: string;
                                    outputs: {
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        sensitive: boolean;
                                    }[];
                                    /** @description Empty for the root, else like modules/x */
                                    path: string;
                                    readme?: {
                                        /** @description Markdown as written: not safe to show as it is */
                                        markdown: string;
                                        path: string;
                                    };
                                    required_providers: {
                                        /** @description Configurations that callers must pass, such as aws.replica */
                                        configuration_aliases: string[];
                                        /** @description Local name */
                                        name: string;
                                        /** @description HOST/NAMESPACE/TYPE; as written when it is no address */
                                        source: string;
                                        /** @description Constraints, separated by commas; empty when there are none */
                                        version: string;
                                    }[];
                                    /** @description Constraints on Terraform */
                                    required_version?: string;
                                    resources: {
                                        name: string;
                                        type: string;
                                    }[];
                                };
                                /** @description Every folder modules/NAME with configuration, by path */
                                submodules: {
                                    data_sources: {
                                        name: string;
                                        type: string;
                                    }[];
                                    /** @description Nothing is declared in it */
                                    empty: boolean;
                                    inputs: {
                                        /** @description JSON text; null when there is none */
                                        default: string | null;
                                        /** @description Empty when there is none */
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        nullable: boolean;
                                        required: boolean;
                                        sensitive: boolean;
                                        /** @description As written, without quotes; "any" when none is given */
                                        type: string;
                                        validation: {
                                            condition: string;
                                            error_message: string;
                                        }[];
                                    }[];
                                    module_calls: {
                                        name: string;
                                        source: string;
                                        version?: string;
                                    }[];
                                    /** @description Addresses that its moved blocks name */
                                    moved: {
                                        from: string;
                                        to: string;
                                    }[];
                                    /** @description Last part of the path */
                                    name: string;
                                    outputs: {
                                        description: string;
                                        ephemeral: boolean;
                                        name: string;
                                        sensitive: boolean;
                                    }[];
                                    /** @description Empty for the root, else like modules/x */
                                    path: string;
                                    readme?: {
                                        /** @description Markdown as written: not safe to show as it is */
                                        markdown: string;
                                        path: string;
                                    };
                                    required_providers: {
                                        /** @description Configurations that callers must pass, such as aws.replica */
                                        configuration_aliases: string[];
                                        /** @description Local name */
                                        name: string;
                                        /** @description HOST/NAMESPACE/TYPE; as written when it is no address */
                                        source: string;
                                        /** @description Constraints, separated by commas; empty when there are none */
                                        version: string;
                                    }[];
                                    /** @description Constraints on Terraform */
                                    required_version?: string;
                                    resources: {
                                        name: string;
                                        type: string;
                                    }[];
                                }[];
                            };
                            module: components["schemas"]["def-6"];
                            /** @description Markdown as its author wrote it, any HTML included: not safe to show before it is cleaned */
                            readme: string;
                            systems: string[];
                            version: components["schemas"]["def-7"];
                            versions: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Withdraw a version for ever
         * @description Needs the scope `modules:write`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "reason": "Opens a port to everyone"
                     *     }
                     */
                    "application/json": {
                        reason: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Deprecate a version, or take it back
         * @description Needs the scope `modules:write`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "deprecated": true,
                     *       "message": "Use acme/network/aws",
                     *       "successor": "acme/network/aws"
                     *     }
                     */
                    "application/json": {
                        deprecated: boolean;
                        /** @description What callers should do */
                        message?: string;
                        /** @description Version or module address that takes its place */
                        successor?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/modules/{namespace}/{name}/{system}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changes for callers between two versions
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query: {
                    from: string;
                    to: string;
                };
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "inputs": {
                         *         "added": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "removed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "changed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ]
                         *       },
                         *       "outputs": {
                         *         "added": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "removed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "changed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ]
                         *       },
                         *       "providers": {
                         *         "added": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "removed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "changed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ]
                         *       },
                         *       "resources": {
                         *         "added": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "removed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "changed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ]
                         *       },
                         *       "module_calls": {
                         *         "added": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "removed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "changed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ]
                         *       },
                         *       "submodules": {
                         *         "added": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "removed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now"
                         *           }
                         *         ],
                         *         "changed": [
                         *           {
                         *             "name": "network",
                         *             "aspect": "default",
                         *             "from": "3.1.0",
                         *             "to": "3.2.0",
                         *             "breaking": false,
                         *             "why": "it has a default now",
                         *             "diff": {
                         *               "inputs": {
                         *                 "added": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "removed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "changed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ]
                         *               },
                         *               "outputs": {
                         *                 "added": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "removed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "changed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ]
                         *               },
                         *               "providers": {
                         *                 "added": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "removed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "changed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ]
                         *               },
                         *               "resources": {
                         *                 "added": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "removed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "changed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ]
                         *               },
                         *               "module_calls": {
                         *                 "added": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "removed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ],
                         *                 "changed": [
                         *                   {
                         *                     "name": "network",
                         *                     "aspect": "default",
                         *                     "from": "3.1.0",
                         *                     "to": "3.2.0",
                         *                     "breaking": false,
                         *                     "why": "it has a default now"
                         *                   }
                         *                 ]
                         *               },
                         *               "breaking": false
                         *             }
                         *           }
                         *         ]
                         *       },
                         *       "breaking": false
                         *     }
                         */
                        "application/json": {
                            breaking: boolean;
                            inputs: {
                                added: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                changed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                removed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                            };
                            module_calls: {
                                added: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                changed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                removed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                            };
                            outputs: {
                                added: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                changed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                removed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                            };
                            /** @description With the constraint on Terraform, by the name required_version */
                            providers: {
                                added: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                changed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                removed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                            };
                            /** @description Resources and data sources */
                            resources: {
                                added: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                changed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                removed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                            };
                            submodules: {
                                added: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                changed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    diff: {
                                        breaking: boolean;
                                        inputs: {
                                            added: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            changed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            removed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                        };
                                        module_calls: {
                                            added: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            changed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            removed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                        };
                                        outputs: {
                                            added: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            changed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            removed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                        };
                                        /** @description With the constraint on Terraform, by the name required_version */
                                        providers: {
                                            added: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            changed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            removed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                        };
                                        /** @description Resources and data sources */
                                        resources: {
                                            added: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            changed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                            removed: {
                                                /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                                aspect?: string;
                                                /** @description Callers must change something, or lose something */
                                                breaking: boolean;
                                                from: string | null;
                                                /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                                name: string;
                                                to: string | null;
                                                /** @description A phrase for people */
                                                why: string;
                                            }[];
                                        };
                                    };
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                                removed: {
                                    /** @description What of it changed, such as "type" or "default"; absent when it was added or removed */
                                    aspect?: string;
                                    /** @description Callers must change something, or lose something */
                                    breaking: boolean;
                                    from: string | null;
                                    /** @description Name of the thing; resources as TYPE.NAME or data.TYPE.NAME */
                                    name: string;
                                    to: string | null;
                                    /** @description A phrase for people */
                                    why: string;
                                }[];
                            };
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/modules/{namespace}/{name}/{system}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All versions with their state, deleted ones included
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "version": "1.4.2",
                         *           "state": "published",
                         *           "sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *           "content_sha256": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *           "size": 18432117,
                         *           "commit": "9f3e0c4b86f2d97a1e5f3c0e1d9a7b48264c1f0b",
                         *           "published_at": "2026-03-02T09:30:00.000Z",
                         *           "published_by": "mia",
                         *           "deprecation_message": "Use acme/vpc/aws instead",
                         *           "successor": "acme/vpc/aws",
                         *           "deleted_reason": "Published by mistake",
                         *           "downloads": 1204
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-7"][];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/modules/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search modules by name, description, README, inputs and resource types
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only deprecated modules, or only others */
                    deprecated?: boolean;
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    namespace?: string;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    q?: string;
                    /** @description Default "relevance"; of all modules the most downloaded come first then */
                    sort?: "relevance" | "name" | "downloads" | "date";
                    system?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "owner": "mia",
                         *           "namespace": "acme",
                         *           "name": "network",
                         *           "version": "1.4.2",
                         *           "provider": "aws",
                         *           "provider_logo_url": "",
                         *           "description": "What it is for",
                         *           "source": "https://git.example.com/acme/terraform-aws-network",
                         *           "tag": "",
                         *           "published_at": "2026-03-02T09:30:00.000Z",
                         *           "downloads": 1204,
                         *           "verified": true,
                         *           "system": "aws",
                         *           "latest_version": "1.4.2",
                         *           "download_count": 3,
                         *           "deprecated": false,
                         *           "deprecation_message": "Use acme/vpc/aws instead",
                         *           "successor": "acme/vpc/aws"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-5"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/namespaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List namespaces
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    organization?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "name": "network",
                         *           "organization": "platform",
                         *           "visibility": "public",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "created_by": "mia"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-0"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Claim a namespace
         * @description Needs the scope `admin`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "name": "acme",
                     *       "organization": "default",
                     *       "visibility": "private"
                     *     }
                     */
                    "application/json": {
                        name: string;
                        organization?: string;
                        /** @description Whether its modules and providers are read without a token */
                        visibility?: "public" | "private";
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/namespaces/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an empty namespace for ever
         * @description Needs the scope `admin`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Change who reads or owns a namespace
         * @description Needs the scope `admin`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "visibility": "public"
                     *     }
                     */
                    "application/json": {
                        organization?: string;
                        /** @description Whether its modules and providers are read without a token */
                        visibility?: "public" | "private";
                    };
                };
            };
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/organizations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the organisations that you have a role in
         * @description With `users:read` in the whole registry: all. Needs any valid credential.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    /** @description Part of what is searched for, in any case. */
                    q?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "platform",
                         *           "display_name": "Acme Platform",
                         *           "members": 3,
                         *           "namespaces": 3,
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "created_by": "mia"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-1"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Create an organisation
         * @description Needs the scope `admin`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "name": "platform",
                     *       "display_name": "Platform team"
                     *     }
                     */
                    "application/json": {
                        display_name?: string;
                        name: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "platform",
                         *       "display_name": "Acme Platform",
                         *       "members": 3,
                         *       "namespaces": 3,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            display_name: string;
                            id: string;
                            /** @description Number of its members. */
                            members: number;
                            name: string;
                            /** @description Number of its namespaces. */
                            namespaces: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show an organisation
         * @description Needs any valid credential.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "platform",
                         *       "display_name": "Acme Platform",
                         *       "members": 3,
                         *       "namespaces": 3,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            created_by: string;
                            display_name: string;
                            id: string;
                            /** @description Number of its members. */
                            members: number;
                            name: string;
                            /** @description Number of its namespaces. */
                            namespaces: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Delete an organisation that publishes nothing
         * @description Needs the scope `admin`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Give an organisation another display name
         * @description Needs the scope `admin`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "display_name": "Platform team"
                     *     }
                     */
                    "application/json": {
                        display_name: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/organizations/{name}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the members of an organisation
         * @description Needs the scope `users:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    /** @description Part of what is searched for, in any case. */
                    q?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "username": "mia",
                         *           "display_name": "Acme Platform",
                         *           "disabled": false,
                         *           "role": {
                         *             "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *             "name": "network",
                         *             "scopes": [
                         *               "modules:read"
                         *             ]
                         *           },
                         *           "granted_by": "groups",
                         *           "created_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-4"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Add a member to an organisation
         * @description With `user`: somebody who is a user already. With `username`: a new user. Needs the scope `users:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "user": "mia",
                     *       "role": "publisher"
                     *     }
                     */
                    "application/json": {
                        display_name?: string;
                        email?: string;
                        /** @description At least 12 characters. */
                        password?: string;
                        /** @description Id or name of a role template. */
                        role: string;
                        /** @description Id or name of a user; or `username` for a new one. */
                        user?: string;
                        username?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "username": "mia",
                         *       "display_name": "Acme Platform",
                         *       "disabled": false,
                         *       "role": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "network",
                         *         "scopes": [
                         *           "modules:read"
                         *         ]
                         *       },
                         *       "granted_by": "groups",
                         *       "created_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            disabled: boolean;
                            display_name: string | null;
                            /** @description Issuer whose groups gave the role; null: given by hand. */
                            granted_by: string | null;
                            role: {
                                id: string;
                                name: string;
                                scopes: string[];
                            };
                            user_id: string;
                            username: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{name}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Give a member another role
         * @description Needs the scope `users:manage`.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "role": "viewer"
                     *     }
                     */
                    "application/json": {
                        role: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "user_id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "username": "mia",
                         *       "display_name": "Acme Platform",
                         *       "disabled": false,
                         *       "role": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "network",
                         *         "scopes": [
                         *           "modules:read"
                         *         ]
                         *       },
                         *       "granted_by": "groups",
                         *       "created_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            disabled: boolean;
                            display_name: string | null;
                            /** @description Issuer whose groups gave the role; null: given by hand. */
                            granted_by: string | null;
                            role: {
                                id: string;
                                name: string;
                                scopes: string[];
                            };
                            user_id: string;
                            username: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        post?: never;
        /**
         * End a membership
         * @description Needs the scope `users:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                    user_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{name}/role-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the role templates of an organisation
         * @description Needs any valid credential.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    /** @description Part of what is searched for, in any case. */
                    q?: string;
                };
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "publisher",
                         *           "description": "What it is for",
                         *           "scopes": [
                         *             "modules:read"
                         *           ],
                         *           "system": true,
                         *           "created_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-2"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Create a role template of an organisation
         * @description Needs the scope `users:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "name": "releaser",
                     *       "description": "Publishes modules",
                     *       "scopes": [
                     *         "modules:write"
                     *       ]
                     *     }
                     */
                    "application/json": {
                        description?: string;
                        name: string;
                        scopes: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "publisher",
                         *       "description": "What it is for",
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "system": true,
                         *       "created_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            description: string;
                            id: string;
                            name: string;
                            scopes: string[];
                            /** @description Comes with the product and stays as it is. */
                            system: boolean;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/organizations/{name}/role-templates/{role}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a role template that nobody has
         * @description Needs the scope `users:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                    /** @description Id or name of the role template. */
                    role: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Change a role template of an organisation
         * @description Needs the scope `users:manage`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description Name of the organisation. */
                    name: string;
                    /** @description Id or name of the role template. */
                    role: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "scopes": [
                     *         "modules:write",
                     *         "providers:write"
                     *       ]
                     *     }
                     */
                    "application/json": {
                        description?: string;
                        scopes?: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "publisher",
                         *       "description": "What it is for",
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "system": true,
                         *       "created_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            description: string;
                            id: string;
                            name: string;
                            scopes: string[];
                            /** @description Comes with the product and stays as it is. */
                            system: boolean;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish platforms of a provider version
         * @description multipart/form-data with the fields namespace, type, version, protocols (5.0,6.0), source_url, os and arch (single file), and the files file (a zip, repeated), shasums, signature, signing_key, manifest. Without shasums and signature the registry signs. Needs the scope `providers:write`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "namespace": "acme",
                         *       "type": "widget",
                         *       "version": "1.4.2",
                         *       "signed_by": "publisher",
                         *       "signing_key": "34365D9472D7468F",
                         *       "platforms": [
                         *         {
                         *           "platform": "linux_amd64",
                         *           "filename": "terraform-provider-widget_1.4.2_linux_amd64.zip",
                         *           "size": 18432117,
                         *           "zh": "zh:5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *           "h1": "h1:ZXW3d6b2xJ6zY0p8cX3Qq0bC3M4F0q2m8e1f0Xn7a9c=",
                         *           "created": true
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            namespace: string;
                            platforms: {
                                /** @description false: the same bytes had been published before */
                                created: boolean;
                                filename: string;
                                h1: string;
                                platform: string;
                                /** @description Bytes */
                                size: number;
                                zh: string;
                            }[];
                            signed_by: "publisher" | "registry";
                            /** @description Fingerprint of the key that signed SHA256SUMS */
                            signing_key: string;
                            type: string;
                            version: string;
                        };
                    };
                };
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "namespace": "acme",
                         *       "type": "widget",
                         *       "version": "1.4.2",
                         *       "signed_by": "publisher",
                         *       "signing_key": "34365D9472D7468F",
                         *       "platforms": [
                         *         {
                         *           "platform": "linux_amd64",
                         *           "filename": "terraform-provider-widget_1.4.2_linux_amd64.zip",
                         *           "size": 18432117,
                         *           "zh": "zh:5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *           "h1": "h1:ZXW3d6b2xJ6zY0p8cX3Qq0bC3M4F0q2m8e1f0Xn7a9c=",
                         *           "created": true
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            namespace: string;
                            platforms: {
                                /** @description false: the same bytes had been published before */
                                created: boolean;
                                filename: string;
                                h1: string;
                                platform: string;
                                /** @description Bytes */
                                size: number;
                                zh: string;
                            }[];
                            signed_by: "publisher" | "registry";
                            /** @description Fingerprint of the key that signed SHA256SUMS */
                            signing_key: string;
                            type: string;
                            version: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/role-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the role templates of the product
         * @description Needs any valid credential.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    /** @description Part of what is searched for, in any case. */
                    q?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "publisher",
                         *           "description": "What it is for",
                         *           "scopes": [
                         *             "modules:read"
                         *           ],
                         *           "system": true,
                         *           "created_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-2"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make the first administrator
         * @description No credential is needed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "token": "printed to the log",
                     *       "username": "admin",
                     *       "password": "correct horse battery"
                     *     }
                     */
                    "application/json": {
                        /** @description At least 12 characters. */
                        password: string;
                        /** @description The one-time token from the log. */
                        token: string;
                        username: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "token": "/oauth/token",
                         *       "csrf_token": "Jr1…",
                         *       "expires_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** @description With `cookie`: to be sent as `X-CSRF-Token` with every change. */
                            csrf_token?: string;
                            /** @description ISO 8601, UTC. */
                            expires_at: string;
                            /** @description Session token; not with `cookie`. */
                            token?: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the set-up is open
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "setup_required": false
                         *     }
                         */
                        "application/json": {
                            /** @description True until there is a user. */
                            setup_required: boolean;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trust-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List trust rules
         * @description Needs the scope `admin`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "deploy",
                         *           "organization": {
                         *             "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *             "name": "platform"
                         *           },
                         *           "issuer": "https://token.actions.githubusercontent.com",
                         *           "audience": "terrace",
                         *           "claims": {
                         *             "repository": "acme/infrastructure"
                         *           },
                         *           "scopes": [
                         *             "modules:read"
                         *           ],
                         *           "namespaces": [
                         *             "acme"
                         *           ],
                         *           "life_minutes": 30,
                         *           "enabled": true,
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "created_by": "mia"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: {
                                audience: string;
                                /** @description Claim → exact text, or text with `*` for any characters. */
                                claims: {
                                    [key: string]: string;
                                };
                                /** @description ISO 8601, UTC. */
                                created_at: string;
                                created_by: string;
                                enabled: boolean;
                                id: string;
                                issuer: string;
                                /** @description Life of a key. */
                                life_minutes: number;
                                name: string;
                                /** @description Null: all of the organisation. */
                                namespaces: string[] | null;
                                organization: {
                                    id: string;
                                    name: string;
                                };
                                scopes: string[];
                            }[];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Trust pipelines
         * @description Needs the scope `admin`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "name": "release",
                     *       "issuer": "https://token.actions.githubusercontent.com",
                     *       "audience": "https://registry.example.com",
                     *       "claims": {
                     *         "repository": "acme/network",
                     *         "ref": "refs/tags/v*"
                     *       },
                     *       "scopes": [
                     *         "modules:write"
                     *       ],
                     *       "namespaces": [
                     *         "acme"
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description What the claim `aud` must be; best the address of this registry. */
                        audience: string;
                        /** @description Claim → exact text, or text with `*` for any characters. All must fit. */
                        claims: {
                            [key: string]: string;
                        };
                        /** @description Exactly as the claim `iss` has it, for example `https://token.actions.githubusercontent.com`. */
                        issuer: string;
                        /** @description Life of a key; default 15. */
                        life_minutes?: number;
                        /** @description Unique in the organisation. */
                        name: string;
                        /** @description The only namespaces that a key may change; null: all of the organisation. */
                        namespaces?: string[] | null;
                        /** @description Id or name. */
                        organization?: string;
                        scopes: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "deploy",
                         *       "organization": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "platform"
                         *       },
                         *       "issuer": "https://token.actions.githubusercontent.com",
                         *       "audience": "terrace",
                         *       "claims": {
                         *         "repository": "acme/infrastructure"
                         *       },
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "namespaces": [
                         *         "acme"
                         *       ],
                         *       "life_minutes": 30,
                         *       "enabled": true,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            audience: string;
                            /** @description Claim → exact text, or text with `*` for any characters. */
                            claims: {
                                [key: string]: string;
                            };
                            /** @description ISO 8601, UTC. */
                            created_at: string;
                            created_by: string;
                            enabled: boolean;
                            id: string;
                            issuer: string;
                            /** @description Life of a key. */
                            life_minutes: number;
                            name: string;
                            /** @description Null: all of the organisation. */
                            namespaces: string[] | null;
                            organization: {
                                id: string;
                                name: string;
                            };
                            scopes: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trust-rules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a trust rule
         * @description Needs the scope `admin`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "deploy",
                         *       "organization": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "platform"
                         *       },
                         *       "issuer": "https://token.actions.githubusercontent.com",
                         *       "audience": "terrace",
                         *       "claims": {
                         *         "repository": "acme/infrastructure"
                         *       },
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "namespaces": [
                         *         "acme"
                         *       ],
                         *       "life_minutes": 30,
                         *       "enabled": true,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            audience: string;
                            /** @description Claim → exact text, or text with `*` for any characters. */
                            claims: {
                                [key: string]: string;
                            };
                            /** @description ISO 8601, UTC. */
                            created_at: string;
                            created_by: string;
                            enabled: boolean;
                            id: string;
                            issuer: string;
                            /** @description Life of a key. */
                            life_minutes: number;
                            name: string;
                            /** @description Null: all of the organisation. */
                            namespaces: string[] | null;
                            organization: {
                                id: string;
                                name: string;
                            };
                            scopes: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Delete a trust rule and its keys
         * @description Needs the scope `admin`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Change, disable or enable a trust rule
         * @description Needs the scope `admin`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            /** @description What is left out stays. Keys that came from the rule end at once. */
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "enabled": false
                     *     }
                     */
                    "application/json": {
                        /** @description What the claim `aud` must be; best the address of this registry. */
                        audience?: string;
                        /** @description Claim → exact text, or text with `*` for any characters. All must fit. */
                        claims?: {
                            [key: string]: string;
                        };
                        enabled?: boolean;
                        /** @description Exactly as the claim `iss` has it, for example `https://token.actions.githubusercontent.com`. */
                        issuer?: string;
                        /** @description Life of a key; default 15. */
                        life_minutes?: number;
                        /** @description Unique in the organisation. */
                        name?: string;
                        /** @description The only namespaces that a key may change; null: all of the organisation. */
                        namespaces?: string[] | null;
                        scopes?: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "name": "deploy",
                         *       "organization": {
                         *         "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *         "name": "platform"
                         *       },
                         *       "issuer": "https://token.actions.githubusercontent.com",
                         *       "audience": "terrace",
                         *       "claims": {
                         *         "repository": "acme/infrastructure"
                         *       },
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "namespaces": [
                         *         "acme"
                         *       ],
                         *       "life_minutes": 30,
                         *       "enabled": true,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "created_by": "mia"
                         *     }
                         */
                        "application/json": {
                            audience: string;
                            /** @description Claim → exact text, or text with `*` for any characters. */
                            claims: {
                                [key: string]: string;
                            };
                            /** @description ISO 8601, UTC. */
                            created_at: string;
                            created_by: string;
                            enabled: boolean;
                            id: string;
                            issuer: string;
                            /** @description Life of a key. */
                            life_minutes: number;
                            name: string;
                            /** @description Null: all of the organisation. */
                            namespaces: string[] | null;
                            organization: {
                                id: string;
                                name: string;
                            };
                            scopes: string[];
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/trust-rules/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Explain which trust rule fits
         * @description Needs the scope `admin`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "claims": {
                     *         "repository": "acme/network",
                     *         "ref": "refs/tags/v1.0.0"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @description In place of a token: the claims that one would have. */
                        claims?: {
                            [key: string]: unknown;
                        };
                        /** @description Id or name. */
                        organization?: string;
                        /** @description Identity token; it is not used up. */
                        token?: string;
                    } & (unknown | unknown);
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "verified": true,
                         *       "problem": "Cannot accept the identity token: no rule fits its claims",
                         *       "matched_rule": "deploy",
                         *       "rules": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "name": "network",
                         *           "organization": "platform",
                         *           "enabled": true,
                         *           "matched": true,
                         *           "checks": [
                         *             {
                         *               "claim": "repository",
                         *               "expected": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *               "found": "91c0b7de5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86",
                         *               "matched": true
                         *             }
                         *           ]
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            /** @description Id of the rule that a pipeline would get its key from. */
                            matched_rule: string | null;
                            /** @description Why a pipeline would get no key; null when it would. */
                            problem: string | null;
                            rules: {
                                checks: {
                                    claim: string;
                                    /** @description What the rule says. */
                                    expected: string;
                                    /** @description What the token says; null when it has no such claim. */
                                    found: string | null;
                                    matched: boolean;
                                }[];
                                enabled: boolean;
                                id: string;
                                /** @description Every check fits. */
                                matched: boolean;
                                name: string;
                                organization: string;
                            }[];
                            /** @description Whether the token is genuine and in time; null when claims were given. */
                            verified: boolean | null;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List users
         * @description Needs the scope `users:read`.
         */
        get: {
            parameters: {
                query?: {
                    disabled?: boolean;
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                    /** @description Part of what is searched for, in any case. */
                    q?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "username": "mia",
                         *           "display_name": "Acme Platform",
                         *           "email": "mia@example.com",
                         *           "scopes": [
                         *             "modules:read"
                         *           ],
                         *           "roles": [
                         *             {
                         *               "organization": "platform",
                         *               "role": "publisher",
                         *               "scopes": [
                         *                 "modules:read"
                         *               ]
                         *             }
                         *           ],
                         *           "disabled": false,
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "last_sign_in_at": "2026-03-02T09:30:00.000Z"
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: components["schemas"]["def-3"][];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        /**
         * Create a user
         * @description Needs the scope `users:manage`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "username": "mia",
                     *       "email": "mia@example.com",
                     *       "organization": "default",
                     *       "role": "publisher"
                     *     }
                     */
                    "application/json": {
                        display_name?: string;
                        email?: string;
                        organization?: string;
                        /** @description At least 12 characters. */
                        password?: string;
                        role?: string;
                        /** @description Held in the whole registry. */
                        scopes?: string[];
                        username: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "username": "mia",
                         *       "display_name": "Acme Platform",
                         *       "email": "mia@example.com",
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "roles": [
                         *         {
                         *           "organization": "platform",
                         *           "role": "publisher",
                         *           "scopes": [
                         *             "modules:read"
                         *           ]
                         *         }
                         *       ],
                         *       "disabled": false,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "last_sign_in_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            disabled: boolean;
                            display_name: string | null;
                            email: string | null;
                            id: string;
                            last_sign_in_at: string | null;
                            roles: {
                                organization: string;
                                role: string;
                                scopes: string[];
                            }[];
                            /** @description Held in the whole registry; roles come on top. */
                            scopes: string[];
                            username: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a user
         * @description Needs the scope `users:read`.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "username": "mia",
                         *       "display_name": "Acme Platform",
                         *       "email": "mia@example.com",
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "roles": [
                         *         {
                         *           "organization": "platform",
                         *           "role": "publisher",
                         *           "scopes": [
                         *             "modules:read"
                         *           ]
                         *         }
                         *       ],
                         *       "disabled": false,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "last_sign_in_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            disabled: boolean;
                            display_name: string | null;
                            email: string | null;
                            id: string;
                            last_sign_in_at: string | null;
                            roles: {
                                organization: string;
                                role: string;
                                scopes: string[];
                            }[];
                            /** @description Held in the whole registry; roles come on top. */
                            scopes: string[];
                            username: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * Delete a user
         * @description Needs the scope `users:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /**
         * Change, disable or enable a user
         * @description Needs the scope `users:manage`.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "disabled": true
                     *     }
                     */
                    "application/json": {
                        disabled?: boolean;
                        display_name?: string | null;
                        email?: string | null;
                        /** @description Held in the whole registry. */
                        scopes?: string[];
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "username": "mia",
                         *       "display_name": "Acme Platform",
                         *       "email": "mia@example.com",
                         *       "scopes": [
                         *         "modules:read"
                         *       ],
                         *       "roles": [
                         *         {
                         *           "organization": "platform",
                         *           "role": "publisher",
                         *           "scopes": [
                         *             "modules:read"
                         *           ]
                         *         }
                         *       ],
                         *       "disabled": false,
                         *       "created_at": "2026-03-02T09:30:00.000Z",
                         *       "last_sign_in_at": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            /** Format: date-time */
                            created_at: string;
                            disabled: boolean;
                            display_name: string | null;
                            email: string | null;
                            id: string;
                            last_sign_in_at: string | null;
                            roles: {
                                organization: string;
                                role: string;
                                scopes: string[];
                            }[];
                            /** @description Held in the whole registry; roles come on top. */
                            scopes: string[];
                            username: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/users/{id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set the password of a user
         * @description Needs the scope `users:manage`.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "new_password": "staple battery horse"
                     *     }
                     */
                    "application/json": {
                        /** @description At least 12 characters. */
                        new_password: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "sessions_revoked": 3,
                         *       "api_keys_kept": 3
                         *     }
                         */
                        "application/json": {
                            /** @description API keys that still count. Revoke those that may be known to others. */
                            api_keys_kept: number;
                            /** @description Sessions that were ended; for a change of your own the one of this request too. */
                            sessions_revoked: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the sessions of a user
         * @description Needs the scope `users:read`.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Rows to return, default 50. */
                    limit?: number;
                    /** @description Rows to skip, default 0. */
                    offset?: number;
                };
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "items": [
                         *         {
                         *           "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *           "created_at": "2026-03-02T09:30:00.000Z",
                         *           "expires_at": "2026-03-02T09:30:00.000Z",
                         *           "ip": "192.0.2.7",
                         *           "user_agent": "Terraform/1.11.4",
                         *           "current": true
                         *         }
                         *       ],
                         *       "total": 3,
                         *       "limit": 20,
                         *       "offset": 0
                         *     }
                         */
                        "application/json": {
                            items: {
                                /** @description ISO 8601, UTC. */
                                created_at: string;
                                /** @description Whether it is the session of this request. */
                                current: boolean;
                                /** @description ISO 8601, UTC. */
                                expires_at: string;
                                id: string;
                                /** @description Address that signed in. */
                                ip: string;
                                user_agent: string;
                            }[];
                            limit: number;
                            offset: number;
                            total: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /**
         * End all sessions of a user
         * @description Needs the scope `users:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "sessions_revoked": 3
                         *     }
                         */
                        "application/json": {
                            sessions_revoked: number;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{id}/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a session of a user
         * @description Needs the scope `users:manage`.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                    session_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/files/{*}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The bytes of a stored object, by a signed link
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    "*": string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * The bytes of a stored object, by a signed link
         * @description No credential is needed.
         */
        head: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    "*": string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * State of the dependencies
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "status": "ok",
                         *       "version": "1.4.2",
                         *       "checks": {
                         *         "database": {
                         *           "status": "ok"
                         *         },
                         *         "storage": {
                         *           "status": "ok"
                         *         },
                         *         "s3": {
                         *           "status": "ok"
                         *         },
                         *         "cache": {
                         *           "status": "ok"
                         *         }
                         *       },
                         *       "timestamp": "2026-03-02T09:30:00.000Z"
                         *     }
                         */
                        "application/json": {
                            checks: {
                                cache: {
                                    /** @description `ok` or `failed`. */
                                    status: string;
                                };
                                database: {
                                    /** @description `ok` or `failed`. */
                                    status: string;
                                };
                                s3: {
                                    /** @description `ok` or `failed`. */
                                    status: string;
                                };
                                storage: {
                                    /** @description `ok` or `failed`. */
                                    status: string;
                                };
                            };
                            /** @description `ok`, `starting`, `stopping` or `failed`. */
                            status: string;
                            /** @description ISO 8601, UTC. */
                            timestamp: string;
                            version: string;
                        };
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            checks: {
                                cache: {
                                    /** @description `ok` or `failed`. */
                                    status: string;
                                };
                                database: {
                                    /** @description `ok` or `failed`. */
                                    status: string;
                                };
                                s3: {
                                    /** @description `ok` or `failed`. */
                                    status: string;
                                };
                                storage: {
                                    /** @description `ok` or `failed`. */
                                    status: string;
                                };
                            };
                            /** @description `ok`, `starting`, `stopping` or `failed`. */
                            status: string;
                            /** @description ISO 8601, UTC. */
                            timestamp: string;
                            version: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The process answers
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "status": "ok"
                         *     }
                         */
                        "application/json": {
                            status: string;
                        };
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            status: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/oauth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchange the code of a login for a token
         * @description The last step of `terraform login`; the token is an API key without an end that the client knows. No credential is needed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "grant_type": "authorization_code",
                     *       "client_id": "terraform-cli",
                     *       "code": "from the redirect",
                     *       "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                     *       "redirect_uri": "http://localhost:10000/login"
                     *     }
                     */
                    "application/x-www-form-urlencoded": {
                        client_id?: string;
                        code?: string;
                        code_verifier?: string;
                        grant_type?: string;
                        redirect_uri?: string;
                    };
                };
            };
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "access_token": "tfr_…",
                         *       "token_type": "bearer"
                         *     }
                         */
                        "application/json": {
                            access_token: string;
                            /** @enum {string} */
                            token_type: "bearer";
                        };
                    };
                };
                /** @description The CLI prints both members. */
                400: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            error: string;
                            error_description: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/pull/{hostname}/{namespace}/{type}/{version}/{filename}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A file of an upstream provider, fetched when it is asked for; by a signed link
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    filename: string;
                    hostname: string;
                    namespace: string;
                    type: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /**
         * A file of an upstream provider, fetched when it is asked for; by a signed link
         * @description No credential is needed.
         */
        head: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    filename: string;
                    hostname: string;
                    namespace: string;
                    type: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Requests may be sent here
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "status": "ok"
                         *     }
                         */
                        "application/json": {
                            status: string;
                        };
                    };
                };
                /** @description Default Response */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            status: string;
                        };
                    };
                };
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/shasums/{versionId}/{filename}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * SHA256SUMS or its signature, by a signed link
         * @description No credential is needed.
         */
        get: {
            parameters: {
                query?: {
                    expires?: string;
                    signature?: string;
                };
                header?: never;
                path: {
                    filename: string;
                    versionId: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Failure, as RFC 9457 has it. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            /** @enum {string} */
                            code: "BAD_REQUEST" | "INVALID_ADDRESS" | "INVALID_VERSION" | "INVALID_DEFINITION" | "INVALID_CONFIGURATION" | "TOKEN_REQUIRED" | "TOKEN_INVALID" | "SIGN_IN_REFUSED" | "SETUP_TOKEN_INVALID" | "IDENTITY_TOKEN_REFUSED" | "SCOPE_MISSING" | "PASSWORD_WRONG" | "LOCAL_ACCOUNTS_OFF" | "CSRF_FAILED" | "SIGN_ON_REFUSED" | "LINK_INVALID" | "ROUTE_NOT_FOUND" | "PROVIDER_NOT_FOUND" | "PROVIDER_VERSION_NOT_FOUND" | "PROVIDER_PLATFORM_NOT_FOUND" | "MODULE_NOT_FOUND" | "MODULE_VERSION_NOT_FOUND" | "NAMESPACE_NOT_FOUND" | "ORGANIZATION_NOT_FOUND" | "OBJECT_NOT_FOUND" | "MIRROR_NOT_FOUND" | "MIRROR_POLICY_NOT_FOUND" | "MIRROR_APPROVAL_NOT_FOUND" | "NOTIFICATION_NOT_FOUND" | "POLICY_REFUSED" | "JOB_NOT_FOUND" | "API_KEY_NOT_FOUND" | "TRUST_RULE_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "MEMBER_NOT_FOUND" | "ROLE_TEMPLATE_NOT_FOUND" | "SIGN_ON_METHOD_NOT_FOUND" | "SIGNING_KEY_NOT_FOUND" | "REQUEST_TIMEOUT" | "SETUP_DONE" | "PROVIDER_VERSION_EXISTS" | "PROVIDER_VERSION_SEALED" | "PROVIDER_VERSION_DELETED" | "PUBLISH_IN_PROGRESS" | "NAMESPACE_CONFLICT" | "NAMESPACE_TAKEN" | "NAMESPACE_IN_USE" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "ORGANIZATION_EXISTS" | "ORGANIZATION_IN_USE" | "MULTI_TENANCY_OFF" | "MEMBER_EXISTS" | "ROLE_TEMPLATE_EXISTS" | "ROLE_TEMPLATE_IN_USE" | "ROLE_TEMPLATE_FIXED" | "MODULE_VERSION_EXISTS" | "MODULE_VERSION_DELETED" | "OBJECT_EXISTS" | "TRUST_RULE_EXISTS" | "MIRROR_EXISTS" | "UPSTREAMS_SEALED" | "MIRROR_RUNNING" | "MIRROR_POLICY_EXISTS" | "MIRROR_APPROVAL_EXISTS" | "MIRROR_APPROVAL_DECIDED" | "JOB_ENDED" | "JOB_NOT_RETRIABLE" | "LOCK_CONFLICT" | "SIGNING_KEY_CONFLICT" | "MODULE_VERSION_WITHDRAWN" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_PACKAGE" | "INVALID_MODULE_ARCHIVE" | "INVALID_BUNDLE" | "INVALID_SHASUMS" | "INVALID_SIGNATURE" | "INVALID_SIGNING_KEY" | "CHECKSUM_MISMATCH" | "RULE_BROKEN" | "RATE_LIMITED" | "STORAGE_ERROR" | "INTERNAL" | "UPSTREAM_REFUSED" | "OUTBOUND_BLOCKED" | "OBJECT_DAMAGED" | "STORAGE_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "NOT_READY" | "GIT_MISSING" | "UPSTREAM_RATE_LIMITED" | "UPSTREAM_UNAVAILABLE" | "STORAGE_FULL";
                            /** @description Structured facts. */
                            context?: {
                                [key: string]: unknown;
                            };
                            /** @description What happened this time. */
                            detail: string;
                            /** @description What to do next. */
                            hint?: string;
                            requestId: string;
                            status: number;
                            title: string;
                            type: string;
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mirror/{hostname}/{namespace}/{type}/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Packages of a version of a mirrored provider
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    file: string;
                    hostname: string;
                    namespace: string;
                    type: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "archives": {
                         *         "linux_amd64": {
                         *           "url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…",
                         *           "hashes": [
                         *             "zh:5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e"
                         *           ]
                         *         }
                         *       }
                         *     }
                         */
                        "application/json": {
                            archives: {
                                [key: string]: {
                                    hashes: string[];
                                    /** @description Relative to the final URL of this document, or absolute */
                                    url: string;
                                };
                            };
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mirror/{hostname}/{namespace}/{type}/index.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Versions of a mirrored provider
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    hostname: string;
                    namespace: string;
                    type: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "versions": {
                         *         "3.2.2": {}
                         *       }
                         *     }
                         */
                        "application/json": {
                            versions: {
                                [key: string]: Record<string, never>;
                            };
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All modules
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: {
                    /** @description NAMESPACE/NAME/SYSTEM behind which the page begins, whatever the offset; next_url has it */
                    after?: string;
                    limit?: number;
                    namespace?: string;
                    offset?: number;
                    provider?: string;
                    /** @description No module here is verified by anybody */
                    verified?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "meta": {
                         *         "limit": 20,
                         *         "current_offset": 0,
                         *         "next_offset": 20,
                         *         "prev_offset": 0,
                         *         "next_url": "/v1/modules?offset=20&limit=20",
                         *         "prev_url": "/v1/modules?offset=0&limit=20"
                         *       },
                         *       "modules": [
                         *         {
                         *           "id": "acme/network/aws/3.1.0",
                         *           "owner": "mia",
                         *           "namespace": "acme",
                         *           "name": "network",
                         *           "version": "1.4.2",
                         *           "provider": "aws",
                         *           "provider_logo_url": "",
                         *           "description": "What it is for",
                         *           "source": "https://git.example.com/acme/terraform-aws-network",
                         *           "tag": "",
                         *           "published_at": "2026-03-02T09:30:00.000Z",
                         *           "downloads": 1204,
                         *           "verified": true
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            meta: {
                                current_offset: number;
                                limit: number;
                                next_offset?: number;
                                next_url?: string;
                                prev_offset?: number;
                                prev_url?: string;
                            };
                            modules: {
                                description: string;
                                downloads: number;
                                /** @description NAMESPACE/NAME/SYSTEM/VERSION */
                                id: string;
                                name: string;
                                namespace: string;
                                owner: string;
                                /** @description The system */
                                provider: string;
                                provider_logo_url: string;
                                /** @description RFC 3339, UTC */
                                published_at: string;
                                source: string;
                                tag: string;
                                verified: boolean;
                                version: string;
                            }[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All modules
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: {
                    /** @description NAMESPACE/NAME/SYSTEM behind which the page begins, whatever the offset; next_url has it */
                    after?: string;
                    limit?: number;
                    namespace?: string;
                    offset?: number;
                    provider?: string;
                    /** @description No module here is verified by anybody */
                    verified?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "meta": {
                         *         "limit": 20,
                         *         "current_offset": 0,
                         *         "next_offset": 20,
                         *         "prev_offset": 0,
                         *         "next_url": "/v1/modules?offset=20&limit=20",
                         *         "prev_url": "/v1/modules?offset=0&limit=20"
                         *       },
                         *       "modules": [
                         *         {
                         *           "id": "acme/network/aws/3.1.0",
                         *           "owner": "mia",
                         *           "namespace": "acme",
                         *           "name": "network",
                         *           "version": "1.4.2",
                         *           "provider": "aws",
                         *           "provider_logo_url": "",
                         *           "description": "What it is for",
                         *           "source": "https://git.example.com/acme/terraform-aws-network",
                         *           "tag": "",
                         *           "published_at": "2026-03-02T09:30:00.000Z",
                         *           "downloads": 1204,
                         *           "verified": true
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            meta: {
                                current_offset: number;
                                limit: number;
                                next_offset?: number;
                                next_url?: string;
                                prev_offset?: number;
                                prev_url?: string;
                            };
                            modules: {
                                description: string;
                                downloads: number;
                                /** @description NAMESPACE/NAME/SYSTEM/VERSION */
                                id: string;
                                name: string;
                                namespace: string;
                                owner: string;
                                /** @description The system */
                                provider: string;
                                provider_logo_url: string;
                                /** @description RFC 3339, UTC */
                                published_at: string;
                                source: string;
                                tag: string;
                                verified: boolean;
                                version: string;
                            }[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/{namespace}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Modules of a namespace
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: {
                    /** @description NAMESPACE/NAME/SYSTEM behind which the page begins, whatever the offset; next_url has it */
                    after?: string;
                    limit?: number;
                    namespace?: string;
                    offset?: number;
                    provider?: string;
                    /** @description No module here is verified by anybody */
                    verified?: boolean;
                };
                header?: never;
                path: {
                    namespace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "meta": {
                         *         "limit": 20,
                         *         "current_offset": 0,
                         *         "next_offset": 20,
                         *         "prev_offset": 0,
                         *         "next_url": "/v1/modules?offset=20&limit=20",
                         *         "prev_url": "/v1/modules?offset=0&limit=20"
                         *       },
                         *       "modules": [
                         *         {
                         *           "id": "acme/network/aws/3.1.0",
                         *           "owner": "mia",
                         *           "namespace": "acme",
                         *           "name": "network",
                         *           "version": "1.4.2",
                         *           "provider": "aws",
                         *           "provider_logo_url": "",
                         *           "description": "What it is for",
                         *           "source": "https://git.example.com/acme/terraform-aws-network",
                         *           "tag": "",
                         *           "published_at": "2026-03-02T09:30:00.000Z",
                         *           "downloads": 1204,
                         *           "verified": true
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            meta: {
                                current_offset: number;
                                limit: number;
                                next_offset?: number;
                                next_url?: string;
                                prev_offset?: number;
                                prev_url?: string;
                            };
                            modules: {
                                description: string;
                                downloads: number;
                                /** @description NAMESPACE/NAME/SYSTEM/VERSION */
                                id: string;
                                name: string;
                                namespace: string;
                                owner: string;
                                /** @description The system */
                                provider: string;
                                provider_logo_url: string;
                                /** @description RFC 3339, UTC */
                                published_at: string;
                                source: string;
                                tag: string;
                                verified: boolean;
                                version: string;
                            }[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/{namespace}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Systems of a module
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: {
                    /** @description NAMESPACE/NAME/SYSTEM behind which the page begins, whatever the offset; next_url has it */
                    after?: string;
                    limit?: number;
                    namespace?: string;
                    offset?: number;
                    provider?: string;
                    /** @description No module here is verified by anybody */
                    verified?: boolean;
                };
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "meta": {
                         *         "limit": 20,
                         *         "current_offset": 0,
                         *         "next_offset": 20,
                         *         "prev_offset": 0,
                         *         "next_url": "/v1/modules?offset=20&limit=20",
                         *         "prev_url": "/v1/modules?offset=0&limit=20"
                         *       },
                         *       "modules": [
                         *         {
                         *           "id": "acme/network/aws/3.1.0",
                         *           "owner": "mia",
                         *           "namespace": "acme",
                         *           "name": "network",
                         *           "version": "1.4.2",
                         *           "provider": "aws",
                         *           "provider_logo_url": "",
                         *           "description": "What it is for",
                         *           "source": "https://git.example.com/acme/terraform-aws-network",
                         *           "tag": "",
                         *           "published_at": "2026-03-02T09:30:00.000Z",
                         *           "downloads": 1204,
                         *           "verified": true
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            meta: {
                                current_offset: number;
                                limit: number;
                                next_offset?: number;
                                next_url?: string;
                                prev_offset?: number;
                                prev_url?: string;
                            };
                            modules: {
                                description: string;
                                downloads: number;
                                /** @description NAMESPACE/NAME/SYSTEM/VERSION */
                                id: string;
                                name: string;
                                namespace: string;
                                owner: string;
                                /** @description The system */
                                provider: string;
                                provider_logo_url: string;
                                /** @description RFC 3339, UTC */
                                published_at: string;
                                source: string;
                                tag: string;
                                verified: boolean;
                                version: string;
                            }[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/{namespace}/{name}/{system}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Latest version in detail
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "acme/network/aws/3.1.0",
                         *       "owner": "mia",
                         *       "namespace": "acme",
                         *       "name": "network",
                         *       "version": "1.4.2",
                         *       "provider": "aws",
                         *       "provider_logo_url": "",
                         *       "description": "What it is for",
                         *       "source": "https://git.example.com/acme/terraform-aws-network",
                         *       "tag": "",
                         *       "published_at": "2026-03-02T09:30:00.000Z",
                         *       "downloads": 1204,
                         *       "verified": true,
                         *       "root": {
                         *         "path": "",
                         *         "name": "network",
                         *         "readme": "# Network\n\nA network with its subnets.",
                         *         "empty": false,
                         *         "inputs": [
                         *           {
                         *             "name": "cidr_block",
                         *             "type": "string",
                         *             "description": "Range of addresses of the network",
                         *             "default": "\"10.0.0.0/16\"",
                         *             "required": true
                         *           }
                         *         ],
                         *         "outputs": [
                         *           {
                         *             "name": "network_id",
                         *             "description": "What it is for"
                         *           }
                         *         ],
                         *         "dependencies": [
                         *           {
                         *             "name": "network",
                         *             "source": "https://git.example.com/acme/terraform-aws-network",
                         *             "version": "1.4.2"
                         *           }
                         *         ],
                         *         "provider_dependencies": [
                         *           {
                         *             "name": "network",
                         *             "namespace": "acme",
                         *             "source": "https://git.example.com/acme/terraform-aws-network",
                         *             "version": "1.4.2"
                         *           }
                         *         ],
                         *         "resources": [
                         *           {
                         *             "name": "this",
                         *             "type": "aws_vpc"
                         *           }
                         *         ]
                         *       },
                         *       "submodules": [],
                         *       "examples": [
                         *         {
                         *           "path": "examples/simple",
                         *           "name": "simple",
                         *           "readme": "# Network\n\nA network with its subnets.",
                         *           "empty": false,
                         *           "inputs": [
                         *             {
                         *               "name": "cidr_block",
                         *               "type": "string",
                         *               "description": "Range of addresses of the network",
                         *               "default": "\"10.0.0.0/16\"",
                         *               "required": true
                         *             }
                         *           ],
                         *           "outputs": [
                         *             {
                         *               "name": "network_id",
                         *               "description": "What it is for"
                         *             }
                         *           ],
                         *           "dependencies": [
                         *             {
                         *               "name": "network",
                         *               "source": "https://git.example.com/acme/terraform-aws-network",
                         *               "version": "1.4.2"
                         *             }
                         *           ],
                         *           "provider_dependencies": [
                         *             {
                         *               "name": "network",
                         *               "namespace": "acme",
                         *               "source": "https://git.example.com/acme/terraform-aws-network",
                         *               "version": "1.4.2"
                         *             }
                         *           ],
                         *           "resources": [
                         *             {
                         *               "name": "this",
                         *               "type": "aws_vpc"
                         *             }
                         *           ]
                         *         }
                         *       ],
                         *       "providers": [
                         *         "hashicorp/null"
                         *       ],
                         *       "versions": [
                         *         "1.4.2"
                         *       ],
                         *       "deprecation": {
                         *         "reason": "Replaced by 1.4.3",
                         *         "link": "https://terrace.example.com/v1/providers/hashicorp/null/versions"
                         *       }
                         *     }
                         */
                        "application/json": {
                            deprecation: null | {
                                link: string;
                                reason: string;
                            };
                            description: string;
                            downloads: number;
                            examples: {
                                dependencies: {
                                    name: string;
                                    source: string;
                                    version: string;
                                }[];
                                empty: boolean;
                                inputs: {
                                    /** @description JSON text, empty when there is none */
                                    default: string;
                                    description: string;
                                    name: string;
                                    required: boolean;
                                    type: string;
                                }[];
                                name: string;
                                outputs: {
                                    description: string;
                                    name: string;
                                }[];
                                /** @description Empty for the root, else like modules/x */
                                path: string;
                                provider_dependencies: {
                                    name: string;
                                    namespace: string;
                                    source: string;
                                    version: string;
                                }[];
                                readme: string;
                                resources: {
                                    name: string;
                                    type: string;
                                }[];
                            }[];
                            /** @description NAMESPACE/NAME/SYSTEM/VERSION */
                            id: string;
                            name: string;
                            namespace: string;
                            owner: string;
                            /** @description The system */
                            provider: string;
                            provider_logo_url: string;
                            /** @description Systems for which a module of this name exists */
                            providers: string[];
                            /** @description RFC 3339, UTC */
                            published_at: string;
                            root: {
                                dependencies: {
                                    name: string;
                                    source: string;
                                    version: string;
                                }[];
                                empty: boolean;
                                inputs: {
                                    /** @description JSON text, empty when there is none */
                                    default: string;
                                    description: string;
                                    name: string;
                                    required: boolean;
                                    type: string;
                                }[];
                                name: string;
                                outputs: {
                                    description: string;
                                    name: string;
                                }[];
                                /** @description Empty for the root, else like modules/x */
                                path: string;
                                provider_dependencies: {
                                    name: string;
                                    namespace: string;
                                    source: string;
                                    version: string;
                                }[];
                                readme: string;
                                resources: {
                                    name: string;
                                    type: string;
                                }[];
                            };
                            source: string;
                            submodules: {
                                dependencies: {
                                    name: string;
                                    source: string;
                                    version: string;
                                }[];
                                empty: boolean;
                                inputs: {
                                    /** @description JSON text, empty when there is none */
                                    default: string;
                                    description: string;
                                    name: string;
                                    required: boolean;
                                    type: string;
                                }[];
                                name: string;
                                outputs: {
                                    description: string;
                                    name: string;
                                }[];
                                /** @description Empty for the root, else like modules/x */
                                path: string;
                                provider_dependencies: {
                                    name: string;
                                    namespace: string;
                                    source: string;
                                    version: string;
                                }[];
                                readme: string;
                                resources: {
                                    name: string;
                                    type: string;
                                }[];
                            }[];
                            tag: string;
                            verified: boolean;
                            version: string;
                            versions: string[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/{namespace}/{name}/{system}/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A version in detail
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "acme/network/aws/3.1.0",
                         *       "owner": "mia",
                         *       "namespace": "acme",
                         *       "name": "network",
                         *       "version": "1.4.2",
                         *       "provider": "aws",
                         *       "provider_logo_url": "",
                         *       "description": "What it is for",
                         *       "source": "https://git.example.com/acme/terraform-aws-network",
                         *       "tag": "",
                         *       "published_at": "2026-03-02T09:30:00.000Z",
                         *       "downloads": 1204,
                         *       "verified": true,
                         *       "root": {
                         *         "path": "",
                         *         "name": "network",
                         *         "readme": "# Network\n\nA network with its subnets.",
                         *         "empty": false,
                         *         "inputs": [
                         *           {
                         *             "name": "cidr_block",
                         *             "type": "string",
                         *             "description": "Range of addresses of the network",
                         *             "default": "\"10.0.0.0/16\"",
                         *             "required": true
                         *           }
                         *         ],
                         *         "outputs": [
                         *           {
                         *             "name": "network_id",
                         *             "description": "What it is for"
                         *           }
                         *         ],
                         *         "dependencies": [
                         *           {
                         *             "name": "network",
                         *             "source": "https://git.example.com/acme/terraform-aws-network",
                         *             "version": "1.4.2"
                         *           }
                         *         ],
                         *         "provider_dependencies": [
                         *           {
                         *             "name": "network",
                         *             "namespace": "acme",
                         *             "source": "https://git.example.com/acme/terraform-aws-network",
                         *             "version": "1.4.2"
                         *           }
                         *         ],
                         *         "resources": [
                         *           {
                         *             "name": "this",
                         *             "type": "aws_vpc"
                         *           }
                         *         ]
                         *       },
                         *       "submodules": [],
                         *       "examples": [
                         *         {
                         *           "path": "examples/simple",
                         *           "name": "simple",
                         *           "readme": "# Network\n\nA network with its subnets.",
                         *           "empty": false,
                         *           "inputs": [
                         *             {
                         *               "name": "cidr_block",
                         *               "type": "string",
                         *               "description": "Range of addresses of the network",
                         *               "default": "\"10.0.0.0/16\"",
                         *               "required": true
                         *             }
                         *           ],
                         *           "outputs": [
                         *             {
                         *               "name": "network_id",
                         *               "description": "What it is for"
                         *             }
                         *           ],
                         *           "dependencies": [
                         *             {
                         *               "name": "network",
                         *               "source": "https://git.example.com/acme/terraform-aws-network",
                         *               "version": "1.4.2"
                         *             }
                         *           ],
                         *           "provider_dependencies": [
                         *             {
                         *               "name": "network",
                         *               "namespace": "acme",
                         *               "source": "https://git.example.com/acme/terraform-aws-network",
                         *               "version": "1.4.2"
                         *             }
                         *           ],
                         *           "resources": [
                         *             {
                         *               "name": "this",
                         *               "type": "aws_vpc"
                         *             }
                         *           ]
                         *         }
                         *       ],
                         *       "providers": [
                         *         "hashicorp/null"
                         *       ],
                         *       "versions": [
                         *         "1.4.2"
                         *       ],
                         *       "deprecation": {
                         *         "reason": "Replaced by 1.4.3",
                         *         "link": "https://terrace.example.com/v1/providers/hashicorp/null/versions"
                         *       }
                         *     }
                         */
                        "application/json": {
                            deprecation: null | {
                                link: string;
                                reason: string;
                            };
                            description: string;
                            downloads: number;
                            examples: {
                                dependencies: {
                                    name: string;
                                    source: string;
                                    version: string;
                                }[];
                                empty: boolean;
                                inputs: {
                                    /** @description JSON text, empty when there is none */
                                    default: string;
                                    description: string;
                                    name: string;
                                    required: boolean;
                                    type: string;
                                }[];
                                name: string;
                                outputs: {
                                    description: string;
                                    name: string;
                                }[];
                                /** @description Empty for the root, else like modules/x */
                                path: string;
                                provider_dependencies: {
                                    name: string;
                                    namespace: string;
                                    source: string;
                                    version: string;
                                }[];
                                readme: string;
                                resources: {
                                    name: string;
                                    type: string;
                                }[];
                            }[];
                            /** @description NAMESPACE/NAME/SYSTEM/VERSION */
                            id: string;
                            name: string;
                            namespace: string;
                            owner: string;
                            /** @description The system */
                            provider: string;
                            provider_logo_url: string;
                            /** @description Systems for which a module of this name exists */
                            providers: string[];
                            /** @description RFC 3339, UTC */
                            published_at: string;
                            root: {
                                dependencies: {
                                    name: string;
                                    source: string;
                                    version: string;
                                }[];
                                empty: boolean;
                                inputs: {
                                    /** @description JSON text, empty when there is none */
                                    default: string;
                                    description: string;
                                    name: string;
                                    required: boolean;
                                    type: string;
                                }[];
                                name: string;
                                outputs: {
                                    description: string;
                                    name: string;
                                }[];
                                /** @description Empty for the root, else like modules/x */
                                path: string;
                                provider_dependencies: {
                                    name: string;
                                    namespace: string;
                                    source: string;
                                    version: string;
                                }[];
                                readme: string;
                                resources: {
                                    name: string;
                                    type: string;
                                }[];
                            };
                            source: string;
                            submodules: {
                                dependencies: {
                                    name: string;
                                    source: string;
                                    version: string;
                                }[];
                                empty: boolean;
                                inputs: {
                                    /** @description JSON text, empty when there is none */
                                    default: string;
                                    description: string;
                                    name: string;
                                    required: boolean;
                                    type: string;
                                }[];
                                name: string;
                                outputs: {
                                    description: string;
                                    name: string;
                                }[];
                                /** @description Empty for the root, else like modules/x */
                                path: string;
                                provider_dependencies: {
                                    name: string;
                                    namespace: string;
                                    source: string;
                                    version: string;
                                }[];
                                readme: string;
                                resources: {
                                    name: string;
                                    type: string;
                                }[];
                            }[];
                            tag: string;
                            verified: boolean;
                            version: string;
                            versions: string[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/{namespace}/{name}/{system}/{version}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where the archive of a version is
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "location": "./3.1.0/archive.tar.gz?archive=tar.gz",
                         *       "use_registry_credentials": false
                         *     }
                         */
                        "application/json": {
                            location: string;
                            /** @description Always false: the link needs no token */
                            use_registry_credentials: boolean;
                        };
                    };
                };
                /** @description Default Response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/{namespace}/{name}/{system}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download of the latest version
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                302: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/{namespace}/{name}/{system}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Versions of a module
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                    namespace: string;
                    system: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "modules": [
                         *         {
                         *           "source": "https://git.example.com/acme/terraform-aws-network",
                         *           "versions": [
                         *             {
                         *               "version": "1.4.2"
                         *             }
                         *           ]
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            modules: {
                                /** @description Web address of the repository, or the module address */
                                source: string;
                                versions: {
                                    /** @description Canonical semantic version without "v" */
                                    version: string;
                                }[];
                            }[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/modules/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search modules
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query: {
                    /** @description Only deprecated modules, or only others */
                    deprecated?: boolean;
                    limit?: number;
                    namespace?: string;
                    offset?: number;
                    provider?: string;
                    q: string;
                    /** @description Default "relevance"; of all modules the most downloaded come first then */
                    sort?: "relevance" | "name" | "downloads" | "date";
                    /** @description The same as provider */
                    system?: string;
                    /** @description No module here is verified by anybody */
                    verified?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "meta": {
                         *         "limit": 20,
                         *         "current_offset": 0,
                         *         "next_offset": 20,
                         *         "prev_offset": 0,
                         *         "next_url": "/v1/modules?offset=20&limit=20",
                         *         "prev_url": "/v1/modules?offset=0&limit=20"
                         *       },
                         *       "modules": [
                         *         {
                         *           "id": "acme/network/aws/3.1.0",
                         *           "owner": "mia",
                         *           "namespace": "acme",
                         *           "name": "network",
                         *           "version": "1.4.2",
                         *           "provider": "aws",
                         *           "provider_logo_url": "",
                         *           "description": "What it is for",
                         *           "source": "https://git.example.com/acme/terraform-aws-network",
                         *           "tag": "",
                         *           "published_at": "2026-03-02T09:30:00.000Z",
                         *           "downloads": 1204,
                         *           "verified": true
                         *         }
                         *       ]
                         *     }
                         */
                        "application/json": {
                            meta: {
                                current_offset: number;
                                limit: number;
                                next_offset?: number;
                                next_url?: string;
                                prev_offset?: number;
                                prev_url?: string;
                            };
                            modules: {
                                description: string;
                                downloads: number;
                                /** @description NAMESPACE/NAME/SYSTEM/VERSION */
                                id: string;
                                name: string;
                                namespace: string;
                                owner: string;
                                /** @description The system */
                                provider: string;
                                provider_logo_url: string;
                                /** @description RFC 3339, UTC */
                                published_at: string;
                                source: string;
                                tag: string;
                                verified: boolean;
                                version: string;
                            }[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/{hostname}/{namespace}/{type}/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Packages of a version of a mirrored provider
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    file: string;
                    hostname: string;
                    namespace: string;
                    type: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "archives": {
                         *         "linux_amd64": {
                         *           "url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…",
                         *           "hashes": [
                         *             "zh:5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e"
                         *           ]
                         *         }
                         *       }
                         *     }
                         */
                        "application/json": {
                            archives: {
                                [key: string]: {
                                    hashes: string[];
                                    /** @description Relative to the final URL of this document, or absolute */
                                    url: string;
                                };
                            };
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/{hostname}/{namespace}/{type}/index.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Versions of a mirrored provider
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    hostname: string;
                    namespace: string;
                    type: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "versions": {
                         *         "3.2.2": {}
                         *       }
                         *     }
                         */
                        "application/json": {
                            versions: {
                                [key: string]: Record<string, never>;
                            };
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/{namespace}/{type}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Latest version of a provider in detail
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    namespace: string;
                    type: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "owner": "mia",
                         *       "namespace": "acme",
                         *       "name": "aws",
                         *       "alias": "",
                         *       "version": "1.4.2",
                         *       "tag": "",
                         *       "description": "What it is for",
                         *       "source": "https://git.example.com/acme/terraform-aws-network",
                         *       "published_at": "2026-03-02T09:30:00.000Z",
                         *       "tier": "community",
                         *       "logo_url": "",
                         *       "versions": [
                         *         "1.4.2"
                         *       ],
                         *       "docs": []
                         *     }
                         */
                        "application/json": {
                            alias: string;
                            description: string;
                            docs: unknown[];
                            /** @description NAMESPACE/TYPE/VERSION */
                            id: string;
                            logo_url: string;
                            /** @description The provider type */
                            name: string;
                            namespace: string;
                            owner: string;
                            /** @description RFC 3339, UTC */
                            published_at: string;
                            /** @description Web address of the source code; may be empty */
                            source: string;
                            tag: string;
                            tier: string;
                            version: string;
                            versions: string[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/{namespace}/{type}/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A version of a provider in detail
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    namespace: string;
                    type: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "id": "0199c3a2-7b1e-7c44-9d52-6f0e8a4b1c3d",
                         *       "owner": "mia",
                         *       "namespace": "acme",
                         *       "name": "aws",
                         *       "alias": "",
                         *       "version": "1.4.2",
                         *       "tag": "",
                         *       "description": "What it is for",
                         *       "source": "https://git.example.com/acme/terraform-aws-network",
                         *       "published_at": "2026-03-02T09:30:00.000Z",
                         *       "tier": "community",
                         *       "logo_url": "",
                         *       "versions": [
                         *         "1.4.2"
                         *       ],
                         *       "docs": []
                         *     }
                         */
                        "application/json": {
                            alias: string;
                            description: string;
                            docs: unknown[];
                            /** @description NAMESPACE/TYPE/VERSION */
                            id: string;
                            logo_url: string;
                            /** @description The provider type */
                            name: string;
                            namespace: string;
                            owner: string;
                            /** @description RFC 3339, UTC */
                            published_at: string;
                            /** @description Web address of the source code; may be empty */
                            source: string;
                            tag: string;
                            tier: string;
                            version: string;
                            versions: string[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/{namespace}/{type}/{version}/download/{os}/{arch}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where a package is, and who signed it
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    arch: string;
                    namespace: string;
                    os: string;
                    type: string;
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "protocols": [
                         *         "5.0"
                         *       ],
                         *       "os": "linux",
                         *       "arch": "amd64",
                         *       "filename": "terraform-provider-widget_1.4.2_linux_amd64.zip",
                         *       "download_url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…",
                         *       "shasum": "5f3c0e1d9a7b48264c1f0b6e2d8a957310bc64fe28d7a1935e0c4b86f2d97a1e",
                         *       "shasums_url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…",
                         *       "shasums_signature_url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…",
                         *       "signing_keys": {
                         *         "gpg_public_keys": [
                         *           {
                         *             "key_id": "34365D9472D7468F",
                         *             "ascii_armor": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n…\n-----END PGP PUBLIC KEY BLOCK-----\n",
                         *             "trust_signature": "",
                         *             "source": "https://git.example.com/acme/terraform-aws-network",
                         *             "source_url": "https://terrace.example.com/files/terraform-provider-widget_1.4.2_linux_amd64.zip?expires=…&signature=…"
                         *           }
                         *         ]
                         *       }
                         *     }
                         */
                        "application/json": {
                            arch: string;
                            download_url: string;
                            /** @description Name of the package in the SHA256SUMS document */
                            filename: string;
                            os: string;
                            protocols: string[];
                            /** @description SHA-256 of the package, 64 lower-case hex digits */
                            shasum: string;
                            /** @description Binary detached signature */
                            shasums_signature_url: string;
                            shasums_url: string;
                            signing_keys: {
                                gpg_public_keys: {
                                    /** @description Public key block, line breaks kept */
                                    ascii_armor: string;
                                    /** @description 16 upper-case hex digits */
                                    key_id: string;
                                    source: string;
                                    source_url: string;
                                    /** @description Always empty: only HashiCorp signs partner keys */
                                    trust_signature: string;
                                }[];
                            };
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/providers/{namespace}/{type}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Versions of a provider
         * @description A credential is optional.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    namespace: string;
                    type: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Default Response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        /**
                         * @example {
                         *       "versions": [
                         *         {
                         *           "version": "1.4.2",
                         *           "protocols": [
                         *             "5.0"
                         *           ],
                         *           "platforms": [
                         *             {
                         *               "os": "linux",
                         *               "arch": "amd64"
                         *             }
                         *           ]
                         *         }
                         *       ],
                         *       "warnings": [
                         *         "Version 1.4.1 is blocked"
                         *       ]
                         *     }
                         */
                        "application/json": {
                            versions: {
                                platforms: {
                                    arch: string;
                                    os: string;
                                }[];
                                /** @description Plugin protocols such as "5.0" */
                                protocols: string[];
                                /** @description Canonical semantic version without "v" */
                                version: string;
                            }[];
                            /** @description Shown by terraform init, one bullet each */
                            warnings?: string[];
                        };
                    };
                };
                /** @description Failure. */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": {
                            errors: string[];
                        };
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** Namespace */
        "def-0": {
            /** Format: date-time */
            created_at: string;
            created_by: string;
            name: string;
            /** @description Name of its owner */
            organization: string;
            /** @description Whether its modules and providers are read without a token */
            visibility: "public" | "private";
        };
        /** Organization */
        "def-1": {
            /** Format: date-time */
            created_at: string;
            created_by: string;
            display_name: string;
            id: string;
            /** @description Number of its members. */
            members: number;
            name: string;
            /** @description Number of its namespaces. */
            namespaces: number;
        };
        /** RoleTemplate */
        "def-2": {
            /** Format: date-time */
            created_at: string;
            description: string;
            id: string;
            name: string;
            scopes: string[];
            /** @description Comes with the product and stays as it is. */
            system: boolean;
        };
        /** User */
        "def-3": {
            /** Format: date-time */
            created_at: string;
            disabled: boolean;
            display_name: string | null;
            email: string | null;
            id: string;
            last_sign_in_at: string | null;
            roles: {
                organization: string;
                role: string;
                scopes: string[];
            }[];
            /** @description Held in the whole registry; roles come on top. */
            scopes: string[];
            username: string;
        };
        /** Member */
        "def-4": {
            /** Format: date-time */
            created_at: string;
            disabled: boolean;
            display_name: string | null;
            /** @description Issuer whose groups gave the role; null: given by hand. */
            granted_by: string | null;
            role: {
                id: string;
                name: string;
                scopes: string[];
            };
            user_id: string;
            username: string;
        };
        /** FoundModule */
        "def-5": {
            deprecated: boolean;
            deprecation_message: string | null;
            description: string;
            /** @description Of all versions together */
            download_count: number;
            downloads: number;
            /** @description NAMESPACE/NAME/SYSTEM/VERSION */
            id: string;
            /** @description The newest that is neither a pre-release nor deprecated, else the newest that is no pre-release, else the newest */
            latest_version: string;
            name: string;
            namespace: string;
            owner: string;
            /** @description The system */
            provider: string;
            provider_logo_url: string;
            /** @description RFC 3339, UTC */
            published_at: string;
            source: string;
            successor: string | null;
            system: string;
            tag: string;
            verified: boolean;
            version: string;
        };
        /** Module */
        "def-6": {
            /** Format: date-time */
            created_at: string;
            deprecated: boolean;
            deprecation_message: string | null;
            description: string;
            /** @description Of all versions together */
            downloads: number;
            latest: string | null;
            name: string;
            namespace: string;
            source: string | null;
            successor: string | null;
            system: string;
        };
        /** ModuleVersion */
        "def-7": {
            /** @description Git commit that the archive names, as git archive writes it; nobody has checked it */
            commit: string | null;
            /** @description Of its content: equal for equal files */
            content_sha256: string;
            deleted_reason: string | null;
            deprecation_message: string | null;
            downloads: number;
            id: string;
            /** Format: date-time */
            published_at: string;
            published_by: string;
            /** @description Of the stored archive */
            sha256: string;
            /** @description Bytes of the archive */
            size: number;
            state: "published" | "deprecated" | "damaged" | "deleted";
            successor: string | null;
            version: string;
        };
        /** AdminPackage */
        "def-8": {
            arch: string;
            blocked: boolean;
            blocked_reason: string | null;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** @description The stored bytes were found to differ from zh; load the package again */
            damaged: boolean;
            deprecated: boolean;
            deprecation_message: string | null;
            filename: string;
            h1: string;
            /** @description _self for providers that are published here */
            hostname: string;
            /** @description Of this platform */
            id: string;
            namespace: string;
            /** @description published or mirrored */
            origin: string;
            os: string;
            /** @description verified, or unsigned: an administrator let it in without a signature */
            provenance: string;
            /** @description upstream, publisher or registry */
            signed_by: string;
            /** @description Fingerprint */
            signing_key: string;
            /** @description Bytes */
            size: number;
            type: string;
            upstream_url: string | null;
            /** Format: date-time */
            verified_at: string;
            version: string;
            /** @description Of the version with all its platforms */
            version_id: string;
            warning: string | null;
            zh: string;
        };
        /** SigningKey */
        "def-9": {
            /** Format: date-time */
            created_at: string;
            decided_by: string | null;
            expires_at: string | null;
            /** @description Within 60 days, or already */
            expires_soon: boolean;
            fingerprint: string;
            /** @description _self for keys of providers that are published here */
            hostname: string;
            id: string;
            key_id: string;
            namespace: string;
            /** @description What it signs from then on does not count */
            retired_at: string | null;
            /** @description What it may sign: HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider */
            scope: string;
            /** @description announced, publisher, administrator or refreshed */
            source: string;
            /** @description trusted, pending, rejected, or revoked by its owner */
            state: string;
            /** @description The only provider that it may sign; null: all of the namespace */
            type: string | null;
            user_id: string;
        };
        /** MirrorPolicy */
        "def-10": {
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** @description allow, deny or require_approval */
            effect: string;
            enabled: boolean;
            id: string;
            name: string;
            /** @description Pattern for the namespace. */
            namespace: string;
            /** @description Name of the only organisation whose mirrors it is about; null: everybody. */
            organization: string | null;
            /** @description The highest is looked at first; the first rule that matches decides. */
            priority: number;
            /** @description Shown to whoever it stops. */
            reason: string;
            /** @description Pattern for the type. */
            type: string;
            /** @description Pattern for the host name; `*` stands for any characters. */
            upstream: string;
            /** @description Version constraint; null: every version. */
            version: string | null;
        };
        /** MirrorApproval */
        "def-11": {
            /** @description `HOST/NAMESPACE/TYPE` */
            address: string;
            /** @description People who have. */
            approvals: number;
            /** Format: date-time */
            created_at: string;
            /** @description ISO 8601, UTC. */
            decided_at: string | null;
            decisions: {
                /** Format: date-time */
                at: string;
                by: string;
                /** @description approve or reject */
                decision: string;
                reason: string;
            }[];
            id: string;
            /** @description approval, or cool_down: its end before time */
            kind: string;
            /** @description People who must approve. */
            needed: number;
            reason: string;
            requested_by: string;
            /** @description pending, approved or rejected */
            state: string;
            /** @description Null: every version. */
            version: string | null;
        };
        /** Job */
        "def-12": {
            bytes_done: number;
            /** @description Of the items whose size is known */
            bytes_total: number;
            cancelled: number;
            completed: number;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            failed: number;
            finished_at: string | null;
            id: string;
            kind: string;
            pending: number;
            running: number;
            started_at: string | null;
            /** @description pending, running, completed, failed or cancelled */
            state: string;
            title: string;
            /** @description Items known so far; grows while versions are being resolved */
            total: number;
        };
        /** JobItem */
        "def-13": {
            attempts: number;
            bytes_done: number;
            bytes_total: number | null;
            error_code: string | null;
            error_message: string | null;
            finished_at: string | null;
            id: string;
            key: string;
            kind: string;
            state: string;
        };
        /** Mirror */
        "def-14": {
            /** @description Age that a version must have before it is brought */
            cool_down_days: number;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** @description Job of the last run */
            current_job_id: string | null;
            /** @description Whether the schedule runs it */
            enabled: boolean;
            /** @description Runs in a row that failed because of the upstream; each makes the pause longer */
            failures: number;
            id: string;
            /** @description How often the schedule runs it */
            interval_hours: number;
            /** @description Bring only so many newest versions of each provider; what is held already is never removed by this */
            keep_newest: number | null;
            name: string;
            /** @description Namespaces that are mirrored as a whole; only upstreams that list their namespaces can be mirrored so */
            namespaces: string[];
            next_run_at: string | null;
            organization: string;
            /** @description OS_ARCH; empty: every platform that the upstream offers */
            platforms: string[];
            /** @description Bring pre-releases too; for the constraints one counts as its release */
            prereleases: boolean;
            /** @description NAMESPACE/TYPE; NAMESPACE/* means the namespace */
            providers: string[];
            /** @description Host name of the upstream, for example registry.terraform.io */
            upstream: string;
            /** @description Version constraints, of which one must match; empty: every version */
            versions: string[];
        };
        /** MirrorRun */
        "def-15": {
            bytes: number;
            errors: {
                code: string;
                count: number;
                message: string;
            }[];
            failed: number;
            fetched: number;
            finished_at: string | null;
            job_id: string;
            /** @description What the upstream offers and the run leaves, by reason; what is held is not among it */
            left_out: {
                /** @description Some of them, the newest versions first */
                examples: {
                    provider: string;
                    versions: string[];
                    why: string;
                }[];
                /** @description Providers of which something was left out */
                providers: number;
                /** @description constraint, prerelease, platform or keep_newest: settings of the mirror; cool_down; policy: a mirror policy; deleted: somebody deleted it here */
                reason: string;
                /** @description Versions; those of providers that a policy keeps out as a whole are not counted */
                versions: number;
            }[];
            packages: number;
            run: number;
            scope: {
                /** @description NAMESPACE/TYPE */
                provider?: string;
                /** @description One version of the provider */
                version?: string;
            };
            /** Format: date-time */
            started_at: string;
            /** @description schedule or manual */
            started_because: string;
            started_by: string;
            /** @description running, completed, failed or cancelled */
            state: string;
        };
        /** MirrorVersion */
        "def-16": {
            /** @description Whether a run of this mirror has taken packages of it */
            brought: boolean;
            /**
             * Format: date-time
             * @description When this mirror first saw it at the upstream
             */
            first_seen_at: string;
            /** @description Its job */
            job_id: string | null;
            /** @description Platforms of which a package is held */
            packages: number;
            /** @description HOST/NAMESPACE/TYPE */
            provider: string;
            /** @description As the upstream says; null when it does not say, or was not asked */
            published_at: string | null;
            /** @description The first of these runs */
            run: number | null;
            /** @description Fingerprint of the key that signed what is held */
            signed_by: string | null;
            /** @description What it is here now: held, deprecated, blocked, deleted, or absent */
            state: string;
            verification_warning: string | null;
            version: string;
        };
        /** QuarantinedPackage */
        "def-17": {
            arch: string;
            code: string;
            /** Format: date-time */
            created_at: string;
            /** @description Expected and found digests, key ids, addresses */
            evidence: {
                [key: string]: unknown;
            };
            hostname: string;
            id: string;
            message: string;
            namespace: string;
            os: string;
            /** @description Verification step that refused it */
            step: string;
            type: string;
            upstream_url: string | null;
            version: string;
        };
        /**
         * Notification
         * @example {
         *       "id": "01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f",
         *       "kind": "package_quarantined",
         *       "subject": "registry.terraform.io/hashicorp/null 3.2.4 linux_amd64",
         *       "message": "Cannot verify \"terraform-provider-null_3.2.4_linux_amd64.zip\": sha256 mismatch",
         *       "hint": "Look at the evidence, then decide: terrace quarantine list",
         *       "organization": null,
         *       "created_at": "2026-01-02T03:04:05.000Z",
         *       "read_at": null,
         *       "read_by": null
         *     }
         */
        "def-18": {
            /** Format: date-time */
            created_at: string;
            /** @description What to do next */
            hint: string;
            id: string;
            /** @description One of: package_quarantined. */
            kind: string;
            /** @description What happened */
            message: string;
            organization: string | null;
            read_at: string | null;
            read_by: string | null;
            /** @description What it is about */
            subject: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
