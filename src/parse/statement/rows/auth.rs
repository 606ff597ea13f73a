//! Logins and authorisation: core-auth.log, nacos.log.

use super::readers::{read_api_exception, read_console_denied};
use super::{Event, Read, Series, Statement, known};

/// The rows.
pub(super) static ROWS: &[Statement] = &[
    known(
        "auth-permission",
        &[Series::CoreAuth],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.plugin.auth.impl.NacosAuthPluginService",
        "auth permission: ",
        "",
        r"^auth permission: .*$",
        "auth permission: Permission{resource='Resource{namespaceId='public'}', action='r'}, user: nacos",
    ),
    known(
        "load-users",
        &[Series::CoreAuth],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.plugin.auth.impl.users.NacosUserDetailsServiceImpl",
        "[LOAD-USERS] load failed",
        "",
        r"^\[LOAD-USERS\] load failed.*$",
        "[LOAD-USERS] load failed",
    ),
    known(
        "load-roles",
        &[Series::CoreAuth],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.plugin.auth.impl.roles.NacosRoleServiceImpl",
        "[LOAD-ROLES] load failed",
        "",
        r"^\[LOAD-ROLES\] load failed.*$",
        "[LOAD-ROLES] load failed",
    ),
    known(
        "auth-filter-failed",
        &[Series::CoreAuth],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.core.auth.AuthFilter",
        "[AUTH-FILTER] Server failed",
        "",
        r"^\[AUTH-FILTER\] Server failed.*$",
        "[AUTH-FILTER] Server failed: ",
    ),
    Statement {
        id: "auth-start",
        files: &[Series::CoreAuth],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.core.auth.AuthFilter",
        begins: "auth start, request: ",
        contains: "",
        pattern: r"^auth start, request: .*$",
        sample: "auth start, request: InstanceRequest",
        read: Read::Pattern(|_| Some(Event::AuthChecked)),
    },
    Statement {
        id: "auth-denied",
        files: &[Series::CoreAuth],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.core.auth.AuthFilter",
        begins: "access denied, request: ",
        contains: ", reason: ",
        pattern: r"^access denied, request: .*, reason: (?<reason>.*)$",
        sample: "access denied, request: InstanceRequest, reason: unknown user!",
        read: Read::Pattern(|f| {
            Some(Event::AuthDenied {
                client: None,
                reason: f.get("reason"),
            })
        }),
    },
    Statement {
        id: "identity-invalid",
        files: &[Series::CoreAuth],
        releases: "1.4.1..2.4.3",
        emitter: "com.alibaba.nacos.core.auth.AuthFilter",
        begins: "Invalid server identity value for ",
        contains: " from ",
        pattern: r"^Invalid server identity value for .* from (?<client>\S+)$",
        sample: "Invalid server identity value for /nacos/v1/cs/configs from 10.0.0.9",
        read: Read::Pattern(|f| {
            Some(Event::IdentityInvalid {
                client: f.get("client"),
            })
        }),
    },
    Statement {
        id: "ldap-login-failed",
        files: &[Series::CoreAuth],
        releases: "2.1.0..3.0.3",
        emitter: "com.alibaba.nacos.plugin.auth.impl.LdapAuthenticationManager",
        begins: "[LDAP-LOGIN] failed",
        contains: "",
        pattern: r"^\[LDAP-LOGIN\] failed.*$",
        sample: "[LDAP-LOGIN] failed",
        read: Read::Pattern(|_| Some(Event::LoginRefused { client: None })),
    },
    Statement {
        id: "api-exception",
        files: &[Series::Nacos, Series::NamingServer],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.core.exception.NacosApiExceptionHandler",
        begins: "got exception.",
        contains: "",
        pattern: r"^got exception\.(?: (?<text>.*))?$",
        sample: "got exception. user not found!",
        read: Read::Pattern(read_api_exception),
    },
    Statement {
        id: "console-denied",
        files: &[Series::Nacos],
        releases: "1.4.4..1.4.8",
        emitter: "com.alibaba.nacos.console.exception.ConsoleExceptionHandler",
        begins: "CONSOLE - access denied, request: ",
        contains: " from ",
        pattern: r"^CONSOLE - access denied, request: (?<uri>.*) from (?<client>\S+)$",
        sample: "CONSOLE - access denied, request: /nacos/v1/auth/users/login from 10.0.0.9",
        read: Read::Pattern(read_console_denied),
    },
    Statement {
        id: "console-error",
        files: &[Series::Nacos],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.console.exception.ConsoleExceptionHandler",
        begins: "CONSOLE",
        contains: "",
        pattern: r"^CONSOLE(?: [^-].*)?$",
        sample: "CONSOLE /nacos/v1/console/namespaces",
        read: Read::Pattern(|_| Some(Event::Known)),
    },
    Statement {
        id: "unauthorized",
        files: &[Series::Nacos],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.plugin.auth.impl.JwtAuthenticationEntryPoint",
        begins: "Responding with unauthorized error. Message:",
        contains: "",
        pattern: r"^Responding with unauthorized error\. Message:(?<reason>.*?), url:.*$",
        sample: "Responding with unauthorized error. Message:Bad credentials, url:/nacos/v1/cs/configs",
        read: Read::Pattern(|f| {
            Some(Event::AuthDenied {
                client: None,
                reason: f.get("reason"),
            })
        }),
    },
    Statement {
        id: "ldap-login",
        files: &[Series::CoreAuth],
        releases: "2.2.1..3.0.3",
        emitter: "com.alibaba.nacos.plugin.auth.impl.LdapAuthenticationProvider",
        begins: "try login with LDAP, user: ",
        contains: "",
        pattern: r"^try login with LDAP, user: (?<user>.*)$",
        sample: "try login with LDAP, user: alice",
        read: Read::Pattern(|f| {
            Some(Event::LoginTried {
                user: f.get("user"),
            })
        }),
    },
];
