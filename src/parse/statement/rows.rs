//! The rows. Wordings read in the Nacos release tags 1.4.0 to 3.0.3 and seen in logs of 2.2.0, 2.2.3, 2.3.0 and 2.3.2.

use memchr::memmem;

use super::{ConnectionId, Event, Fields, MetaText, Read, Series, ServiceText, Statement, Text};
use crate::parse::cut;

/// Logs in which the control plane's lines stand, release by release: 2.0 and 2.1, 2.2.0 to 2.4.2.1, 2.4.3 and later.
const CONTROL: &[Series] = &[Series::RemoteDigest, Series::Nacos, Series::PluginControl];

/// A row without fields.
#[expect(
    clippy::too_many_arguments,
    reason = "one for each column of the table"
)]
const fn known(
    id: &'static str,
    files: &'static [Series],
    releases: &'static str,
    emitter: &'static str,
    begins: &'static str,
    contains: &'static str,
    pattern: &'static str,
    sample: &'static str,
) -> Statement {
    Statement {
        id,
        files,
        releases,
        emitter,
        begins,
        contains,
        pattern,
        sample,
        read: Read::Known,
    }
}

/// The table.
pub static STATEMENTS: &[Statement] = &[
    // ---- naming-push.log -------------------------------------------------------------------------------------------
    Statement {
        id: "push-succ",
        files: &[Series::NamingPush],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.push.v2.task.PushExecuteTask",
        begins: "[PUSH-SUCC] ",
        contains: ", SLA ",
        pattern: r"^\[PUSH-SUCC\] (?<ms>\d+)ms, all delay time \d+ms, SLA \d+ms, Service\{(?<service>.*), ephemeral=(?:true|false), revision=(?<rev>\d+)\}, (?:originalSize=\d+, )?DataSize=(?<size>\d+), target=(?<client>\S+)$",
        sample: "[PUSH-SUCC] 361ms, all delay time 1028ms, SLA 1053ms, Service{namespace='public', group='DEFAULT_GROUP', name='svc-0', ephemeral=true, revision=17}, originalSize=4, DataSize=3, target=10.31.5.22",
        read: Read::Cut(push_succ),
    },
    Statement {
        id: "push-succ-subscriber",
        files: &[Series::NamingPush],
        releases: "2.0.1..3.0.3",
        emitter: "com.alibaba.nacos.naming.push.v2.task.PushExecuteTask",
        begins: "[PUSH-SUCC] ",
        contains: " for subscriber ",
        pattern: r"^\[PUSH-SUCC\] (?<ms>\d+)ms, all delay time \d+ms for subscriber (?<client>[^,]+), Service\{(?<service>.*), ephemeral=(?:true|false), revision=(?<rev>\d+)\}, (?:originalSize=\d+, )?DataSize=(?<size>\d+)$",
        sample: "[PUSH-SUCC] 12ms, all delay time 5028ms for subscriber 10.31.5.22, Service{namespace='public', group='DEFAULT_GROUP', name='svc-0', ephemeral=true, revision=7}, originalSize=5, DataSize=4",
        read: Read::Cut(push_succ_subscriber),
    },
    Statement {
        id: "push-fail",
        files: &[Series::NamingPush],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.push.v2.task.PushExecuteTask",
        begins: "[PUSH-FAIL] ",
        contains: "",
        pattern: r"^\[PUSH-FAIL\] (?<ms>\d+)ms, Service\{(?<service>.*), ephemeral=(?:true|false), revision=(?<rev>\d+)\}, reason=(?<reason>.*), target=(?<client>\S+)$",
        sample: "[PUSH-FAIL] 5007ms, Service{namespace='public', group='DEFAULT_GROUP', name='svc-1', ephemeral=true, revision=102}, reason=Timeout After 5000 milliseconds, requestId=77, connectionId=1714528799000_10.0.0.9_51234, target=10.31.5.77",
        read: Read::Cut(push_fail),
    },
    known(
        "push-fail-detail",
        &[Series::NamingPush],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.naming.push.v2.task.PushExecuteTask",
        "Reason detail:",
        "",
        r"^Reason detail: ?$",
        "Reason detail: ",
    ),
    known(
        "push-merge",
        &[Series::NamingPush],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.naming.push.v2.task.PushDelayTask",
        "[PUSH] Task merge for ",
        "",
        r"^\[PUSH\] Task merge for .+$",
        "[PUSH] Task merge for Service{namespace='public', group='DEFAULT_GROUP', name='svc-0', ephemeral=true, revision=1}",
    ),
    Statement {
        id: "push-task-failed",
        files: &[Series::NamingPush],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.push.v2.task.PushExecuteTask",
        begins: "Push task for service",
        contains: " execute failed",
        pattern: r"^Push task for service.* execute failed ?$",
        sample: "Push task for serviceDEFAULT_GROUP@@order execute failed ",
        read: Read::Pattern(|_| Some(Event::PushTaskFailed)),
    },
    Statement {
        id: "udp-give-up",
        files: &[Series::NamingPush],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.push.UdpPushService",
        begins: "max re-push times reached",
        contains: ", key: ",
        pattern: r"^max re-push times reached, retry times \d+, key: (?<client>[^,]+),\d+,-?\d+$",
        sample: "max re-push times reached, retry times 2, key: 10.0.0.9,58227,790757144694319",
        read: Read::Pattern(|f| {
            Some(Event::UdpGivenUp {
                client: f.get("client"),
            })
        }),
    },
    Statement {
        id: "udp-scheduled",
        files: &[Series::NamingPush],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.push.UdpPushService",
        begins: "serviceName: ",
        contains: " changed, schedule push for: ",
        pattern: r"^serviceName: .* changed, schedule push for: (?<client>.+):\d+, agent: .*$",
        sample: "serviceName: DEFAULT_GROUP@@order changed, schedule push for: 10.0.0.9:58227, agent: Nacos-Java-Client:v1.4.2, key: 10.0.0.9,58227,790757144694319",
        read: Read::Pattern(|f| {
            Some(Event::UdpScheduled {
                client: f.get("client"),
            })
        }),
    },
    Statement {
        id: "udp-ack",
        files: &[Series::NamingPush],
        releases: "1.4.0..2.1.2",
        emitter: "com.alibaba.nacos.naming.push.PushService",
        begins: "received ack: ",
        contains: " from: ",
        pattern: r"^received ack: .* from: (?<client>\S+):\d+, cost: \d+ ms, .*$",
        sample: "received ack: {\"type\": \"push-ack\", \"lastRefTime\":\"1\", \"data\":\"\"} from: 10.0.0.9:58227, cost: 3 ms, unacked: 0, total push: 12",
        read: Read::Pattern(|f| {
            Some(Event::UdpAcked {
                client: f.get("client"),
            })
        }),
    },
    known(
        "udp-send",
        &[Series::NamingPush],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.naming.push.UdpPushService",
        "send udp packet: ",
        "",
        r"^send udp packet: .+$",
        "send udp packet: 10.0.0.9,58227,790757144694319",
    ),
    known(
        "udp-retry",
        &[Series::NamingPush],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.naming.push.UdpPushService",
        "retry to push data, key: ",
        "",
        r"^retry to push data, key: .+$",
        "retry to push data, key: 10.0.0.9,58227,790757144694319",
    ),
    known(
        "udp-queued",
        &[Series::NamingPush],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.naming.push.UdpPushService",
        "",
        " is changed, add it to push queue.",
        r"^.+ is changed, add it to push queue\.$",
        "DEFAULT_GROUP@@order is changed, add it to push queue.",
    ),
    // ---- remote-push.log -------------------------------------------------------------------------------------------
    Statement {
        id: "config-fan-out",
        files: &[Series::RemotePush],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.config.server.remote.RpcConfigChangeNotifier",
        begins: "push [",
        contains: "groupKey=[",
        pattern: r"^push \[(?<n>\d+)\] clients(?: ,|, )groupKey=\[(?<key>.*)\]$",
        sample: "push [4] clients ,groupKey=[cfg-1+DEFAULT_GROUP]",
        read: Read::Pattern(|f| {
            Some(Event::ConfigFanOut {
                clients: f.number("n")?,
                group_key: f.get("key"),
            })
        }),
    },
    Statement {
        id: "config-push-fail",
        files: &[Series::RemotePush],
        releases: "2.0.0..2.2.4",
        emitter: "com.alibaba.nacos.config.server.remote.RpcConfigChangeNotifier",
        begins: "Push fail",
        contains: "",
        pattern: r"^Push fail$",
        sample: "Push fail",
        read: Read::Pattern(|_| Some(Event::ConfigPushFail { connection: None })),
    },
    Statement {
        id: "config-push-fail-named",
        files: &[Series::RemotePush],
        releases: "2.3.0..3.0.3",
        emitter: "com.alibaba.nacos.config.server.remote.RpcConfigChangeNotifier",
        begins: "Push fail, ",
        contains: "clientId=",
        pattern: r"^Push fail, .*clientId=(?<id>\S+)$",
        sample: "Push fail, dataId=app.yaml, group=DEFAULT_GROUP, tenant=, clientId=1714528799000_10.0.0.9_51234",
        read: Read::Pattern(|f| {
            Some(Event::ConfigPushFail {
                connection: f.connection("id"),
            })
        }),
    },
    Statement {
        id: "config-push-given-up",
        files: &[Series::RemotePush],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.config.server.remote.RpcConfigChangeNotifier",
        begins: "push callback retry fail over times",
        contains: "clientId=",
        pattern: r"^push callback retry fail over times ?\..*clientId=(?<id>[^,\s]+), ?will unregister client\.$",
        sample: "push callback retry fail over times .dataId=a,group=b,tenant=,clientId=1714528799000_10.0.0.9_51234,will unregister client.",
        read: Read::Pattern(|f| {
            Some(Event::ConfigPushGivenUp {
                connection: f.connection("id"),
            })
        }),
    },
    // ---- remote-digest.log -----------------------------------------------------------------------------------------
    Statement {
        id: "transport-ready",
        files: &[Series::RemoteDigest],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.grpc.AddressTransportFilter",
        begins: "Connection transportReady,connectionId = ",
        contains: "",
        pattern: r"^Connection transportReady,connectionId = (?<id>\S+) ?$",
        sample: "Connection transportReady,connectionId = 1795362873223_10.31.4.10_36190 ",
        read: Read::Pattern(|f| {
            Some(Event::TransportReady {
                connection: f.connection("id")?,
            })
        }),
    },
    Statement {
        id: "transport-terminated",
        files: &[Series::RemoteDigest],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.grpc.AddressTransportFilter",
        begins: "Connection transportTerminated,connectionId = ",
        contains: "",
        pattern: r"^Connection transportTerminated,connectionId = (?<id>\S+) ?$",
        sample: "Connection transportTerminated,connectionId = 1795362873223_10.31.4.10_36190 ",
        read: Read::Pattern(|f| {
            Some(Event::TransportClosed {
                connection: f.connection("id")?,
            })
        }),
    },
    Statement {
        id: "push-send-failed",
        files: &[Series::RemoteDigest],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.RpcPushService",
        begins: "error to send push response to connectionId =",
        contains: ",push response=",
        pattern: r"^error to send push response to connectionId =(?<id>[^,]+),push response=.*$",
        sample: "error to send push response to connectionId =1795365809302_10.86.2.50_46970,push response=ConfigChangeNotifyRequest{headers={}, requestId='45811'}",
        read: Read::Cut(push_send_failed),
    },
    Statement {
        id: "late-ack",
        files: &[Series::RemoteDigest],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.RpcAckCallbackSynchronizer",
        begins: "Ack receive on a outdated request ,connection id=",
        contains: "",
        pattern: r"^Ack receive on a outdated request ,connection id=(?<id>[^,]+),requestId=\S+ ?$",
        sample: "Ack receive on a outdated request ,connection id=1714528799000_10.0.0.9_51234,requestId=81 ",
        read: Read::Pattern(|f| {
            Some(Event::LateAck {
                connection: f.connection("id")?,
            })
        }),
    },
    known(
        "ack-after-close",
        &[Series::RemoteDigest],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.remote.RpcAckCallbackSynchronizer",
        "Ack receive on a outdated connection ",
        "",
        r"^Ack receive on a outdated connection ,connection id=.*$",
        "Ack receive on a outdated connection ,connection id=1714528799000_10.0.0.9_51234,requestId=81 ",
    ),
    Statement {
        id: "unknown-connection",
        files: &[Series::RemoteDigest],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.grpc.GrpcRequestAcceptor",
        begins: "[grpc] Invalid connection Id ,connection [",
        contains: "] is un registered",
        pattern: r"^\[grpc\] Invalid connection Id ,connection \[(?<id>[^\]]+)\] is un registered ,$",
        sample: "[grpc] Invalid connection Id ,connection [1714528799000_10.0.0.9_51234] is un registered ,",
        read: Read::Pattern(|f| {
            Some(Event::UnknownConnection {
                connection: f.connection("id")?,
            })
        }),
    },
    Statement {
        id: "request-failed",
        files: &[Series::RemoteDigest],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.grpc.GrpcRequestAcceptor",
        begins: "[grpc] Fail to handle request from connection [",
        contains: "",
        pattern: r"^\[grpc\] Fail to handle request from connection \[(?<id>[^\]]+)\] ?, ?error message :.*$",
        sample: "[grpc] Fail to handle request from connection [1714528799000_10.0.0.9_51234] ,error message :{}",
        read: Read::Pattern(|f| {
            Some(Event::RequestFailed {
                connection: f.connection("id"),
            })
        }),
    },
    known(
        "config-listeners-cleared",
        &[Series::RemoteDigest],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.config.server.remote.ConfigConnectionEventListener",
        "[",
        "]client disconnected,clear config listen context",
        r"^\[[^\]]+\]client disconnected,clear config listen context$",
        "[1714528799000_10.0.0.9_51234]client disconnected,clear config listen context",
    ),
    known(
        "connection-close-exception",
        &[Series::RemoteDigest],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.remote.grpc.GrpcConnection",
        "[",
        "] connection  close ",
        r"^\[[^\]]+\] connection  close (?:bi stream )?exception  : .*$",
        "[1714528799000_10.0.0.9_51234] connection  close exception  : {}",
    ),
    Statement {
        id: "register-refused",
        files: &[Series::RemoteDigest],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.grpc.GrpcBiStreamRequestAcceptor",
        begins: "[",
        contains: "]Connection register fail,reason:",
        pattern: r"^\[(?<id>[^\]]+)\]Connection register fail,reason:.*$",
        sample: "[1714528799000_10.0.0.9_51234]Connection register fail,reason: server is over limited.",
        read: Read::Pattern(|f| {
            Some(Event::RegisterRefused {
                connection: f.connection("id")?,
            })
        }),
    },
    // ---- connection control: remote-digest, then nacos.log, then plugin-control-connection.log ---------------------
    Statement {
        id: "connection-registered",
        files: CONTROL,
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.ConnectionManager",
        begins: "new connection registered successfully, connectionId = ",
        contains: "",
        pattern: r"^new connection registered successfully, connectionId = (?<id>[^,]+),connection=.*$",
        sample: "new connection registered successfully, connectionId = 1795362873223_10.31.4.10_36190,connection=Connection{traced=false, abilities=null, metaInfo=ConnectionMeta{connectType='GRPC', clientIp='10.31.4.10', remoteIp='10.31.4.10', remotePort=36190, localPort=9848, version='Nacos-Java-Client:v2.2.3', connectionId='1795362873223_10.31.4.10_36190', createTime=Sun Nov 22 23:54:34 CST 2026, lastActiveTime=1795362874530, appName='-', tenant='null', labels={source=sdk, module=naming, tls.enable=false}}} ",
        read: Read::Pattern(|f| {
            Some(Event::Registered {
                connection: f.connection("id")?,
                meta: read_meta(f),
            })
        }),
    },
    Statement {
        id: "connection-unregistered",
        files: CONTROL,
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.ConnectionManager",
        begins: "[",
        contains: "]Connection unregistered successfully.",
        pattern: r"^\[(?<id>[^\]]+)\]Connection unregistered successfully\. ?$",
        sample: "[1714528799000_10.0.0.9_51234]Connection unregistered successfully. ",
        read: Read::Pattern(|f| {
            Some(Event::Unregistered {
                connection: f.connection("id")?,
            })
        }),
    },
    Statement {
        id: "connection-expelled",
        files: CONTROL,
        releases: "2.0.0..2.1.2, 2.3.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.NacosRuntimeConnectionEjector",
        begins: "[",
        contains: "]Unregister Out dated connection",
        pattern: r"^\[(?<id>[^\]]+)\]Unregister Out dated connection\.*$",
        sample: "[1714528799000_10.0.0.9_51234]Unregister Out dated connection....",
        read: Read::Pattern(|f| {
            Some(Event::Expelled {
                connection: f.connection("id")?,
            })
        }),
    },
    Statement {
        id: "detection-failed",
        files: CONTROL,
        releases: "2.0.0..2.1.2, 2.3.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.NacosRuntimeConnectionEjector",
        begins: "[",
        contains: "]Error occurs when check client active detection",
        pattern: r"^\[(?<id>[^\]]+)\]Error occurs when check client active detection ,error=.*$",
        sample: "[1714528799000_10.0.0.9_51234]Error occurs when check client active detection ,error={}",
        read: Read::Pattern(|f| {
            Some(Event::DetectionFailed {
                connection: f.connection("id")?,
            })
        }),
    },
    known(
        "detection-sent",
        CONTROL,
        "2.0.0..2.1.2, 2.3.0..3.0.3",
        "com.alibaba.nacos.core.remote.NacosRuntimeConnectionEjector",
        "[",
        "]send connection active request",
        r"^\[[^\]]+\]send connection active request ?$",
        "[1714528799000_10.0.0.9_51234]send connection active request ",
    ),
    known(
        "outdated-size",
        CONTROL,
        "2.0.0..2.1.2, 2.3.0..3.0.3",
        "com.alibaba.nacos.core.remote.NacosRuntimeConnectionEjector",
        "Out dated connection ",
        "",
        r"^Out dated connection (?:,size=\d+|check successCount=\d+)$",
        "Out dated connection ,size=3",
    ),
    Statement {
        id: "census",
        files: CONTROL,
        releases: "2.0.0..2.1.2",
        emitter: "com.alibaba.nacos.core.remote.ConnectionManager",
        begins: "Total count =",
        contains: "sdkCount=",
        pattern: r"^Total count =(?<total>\d+), sdkCount=(?<sdk>\d+),clusterCount=\d+, currentLimit=.*$",
        sample: "Total count =12, sdkCount=10,clusterCount=2, currentLimit=-1, toExpelCount=0",
        read: Read::Pattern(read_census),
    },
    Statement {
        id: "census-detail",
        files: CONTROL,
        releases: "2.2.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.ConnectionManager",
        begins: "Long connection metrics detail ,",
        contains: "Total count =",
        pattern: r"^Long connection metrics detail ,Total count =(?<total>\d+), sdkCount=(?<sdk>\d+),clusterCount=\d+$",
        sample: "Long connection metrics detail ,Total count =12, sdkCount=10,clusterCount=2",
        read: Read::Pattern(read_census),
    },
    known(
        "connection-metrics",
        CONTROL,
        "2.2.0..3.0.3",
        "com.alibaba.nacos.plugin.control.connection.ConnectionControlManager",
        "ConnectionMetrics, totalCount = ",
        "",
        r"^ConnectionMetrics, totalCount = \d+, detail = .*$",
        "ConnectionMetrics, totalCount = 7, detail = {long_connection=7, long_polling=0}",
    ),
    known(
        "connection-check",
        CONTROL,
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.remote.ConnectionManager",
        "Connection check task ",
        "",
        r"^Connection check task (?:start|end)$",
        "Connection check task start",
    ),
    known(
        "tps-report",
        &[Series::Nacos, Series::TpsControl, Series::PluginControl],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.plugin.control.tps.TpsControlManager",
        "Tps reporting...",
        "",
        r"^Tps reporting\.\.\.$",
        "Tps reporting...",
    ),
    known(
        "tps-rule",
        &[Series::Nacos, Series::TpsControl, Series::PluginControl],
        "2.2.0..3.0.3",
        "com.alibaba.nacos.plugin.control.tps.TpsControlManager",
        "No tps control rule of ",
        "",
        r"^No tps control rule of \S+ found *$",
        "No tps control rule of NAMING_UDP_PUSH found  ",
    ),
    // ---- remote.log ------------------------------------------------------------------------------------------------
    Statement {
        id: "rpc-server-starting",
        files: &[Series::Remote],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.BaseRpcServer",
        begins: "Nacos ",
        contains: " Rpc server starting at port ",
        pattern: r"^Nacos \S+ Rpc server starting at port \d+.*$",
        sample: "Nacos GrpcSdkServer Rpc server starting at port 9848",
        read: Read::Pattern(|_| Some(Event::RpcServer { up: true })),
    },
    known(
        "rpc-server-started",
        &[Series::Remote],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.remote.BaseRpcServer",
        "Nacos ",
        " Rpc server started at port ",
        r"^Nacos \S+ Rpc server started at port \d+.*$",
        "Nacos GrpcSdkServer Rpc server started at port 9848",
    ),
    Statement {
        id: "rpc-server-stopping",
        files: &[Series::Remote],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.remote.BaseRpcServer",
        begins: "Nacos ",
        contains: " Rpc server stopping",
        pattern: r"^Nacos \S+ Rpc server stopping$",
        sample: "Nacos GrpcSdkServer Rpc server stopping",
        read: Read::Pattern(|_| Some(Event::RpcServer { up: false })),
    },
    known(
        "rpc-server-stopped",
        &[Series::Remote],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.remote.BaseRpcServer",
        "Nacos ",
        " Rpc server stopped successfully",
        r"^Nacos \S+ Rpc server stopped successfully\.*$",
        "Nacos GrpcSdkServer Rpc server stopped successfully...",
    ),
    known(
        "connection-listener",
        &[Series::Remote],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.remote.ClientConnectionEventListenerRegistry",
        "[ClientConnectionEventListenerRegistry] ",
        "",
        r"^\[ClientConnectionEventListenerRegistry\] registry listener - .*$",
        "[ClientConnectionEventListenerRegistry] registry listener - ConnectionBasedClientManager",
    ),
    // ---- naming-server.log -----------------------------------------------------------------------------------------
    Statement {
        id: "instance-changed",
        files: &[Series::NamingServer],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.core.v2.client.AbstractClient",
        begins: "Client change for service Service{",
        contains: "",
        pattern: r"^Client change for service Service\{(?<service>.*), ephemeral=(?:true|false), revision=\d+\}, (?<client>\S+)$",
        sample: "Client change for service Service{namespace='public', group='DEFAULT_GROUP', name='svc-0', ephemeral=true, revision=0}, 1714528799000_10.0.0.9_51234",
        read: Read::Cut(instance_changed),
    },
    Statement {
        id: "instance-removed",
        files: &[Series::NamingServer],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.core.v2.client.AbstractClient",
        begins: "Client remove for service Service{",
        contains: "",
        pattern: r"^Client remove for service Service\{(?<service>.*), ephemeral=(?:true|false), revision=\d+\}, (?<client>\S+)$",
        sample: "Client remove for service Service{namespace='public', group='DEFAULT_GROUP', name='svc-0', ephemeral=true, revision=0}, 1714528799000_10.0.0.9_51234",
        read: Read::Cut(instance_removed),
    },
    Statement {
        id: "client-connect",
        files: &[Series::NamingServer],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.core.v2.client.manager.impl.ConnectionBasedClientManager",
        begins: "Client connection ",
        contains: " connect",
        pattern: r"^Client connection (?<client>\S+) connect$",
        sample: "Client connection 1714528799000_10.0.0.9_51234 connect",
        read: Read::Pattern(|f| {
            Some(Event::ClientAdded {
                client: f.get("client"),
            })
        }),
    },
    Statement {
        id: "client-disconnect",
        files: &[Series::NamingServer],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.core.v2.client.manager.impl.ConnectionBasedClientManager",
        begins: "Client connection ",
        contains: " disconnect, remove instances and subscribers",
        pattern: r"^Client connection (?<client>\S+) disconnect, remove instances and subscribers$",
        sample: "Client connection 1714528799000_10.0.0.9_51234 disconnect, remove instances and subscribers",
        read: Read::Pattern(|f| {
            Some(Event::ClientRemoved {
                client: f.get("client"),
            })
        }),
    },
    Statement {
        id: "task-failed",
        files: &[Series::NamingServer, Series::ProtocolDistro],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.common.task.engine.TaskExecuteWorker",
        begins: "[TASK-FAILED] ",
        contains: "",
        pattern: r"^\[TASK-FAILED\] .*$",
        sample: "[TASK-FAILED] java.lang.OutOfMemoryError: Direct buffer memory",
        read: Read::Pattern(|_| Some(Event::TaskFailed)),
    },
    known(
        "task-slow",
        &[Series::NamingServer, Series::ProtocolDistro],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.common.task.engine.TaskExecuteWorker",
        "task ",
        " takes ",
        r"^task .* takes \d+ms$",
        "task com.alibaba.nacos.naming.push.v2.task.PushExecuteTask@1a2b takes 1044ms",
    ),
    // ---- naming-performance.log, config-memory.log -----------------------------------------------------------------
    Statement {
        id: "naming-figures",
        files: &[Series::NamingPerformance],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.naming.monitor.PerformanceLoggerThread",
        begins: "PERFORMANCE:|",
        contains: "",
        pattern: r"^PERFORMANCE:\|(?<services>\d+)\|(?<instances>\d+)\|(?<subscribers>\d+)\|-?[\d.]+\|-?[\d.]+\|\d+\|\d+$",
        sample: "PERFORMANCE:|3|3|9|412|38.4|1291|0",
        read: Read::Pattern(|f| {
            Some(Event::NamingFigures {
                services: f.number("services")?,
                instances: f.number("instances")?,
                subscribers: f.number("subscribers")?,
            })
        }),
    },
    known(
        "naming-figures-head",
        &[Series::NamingPerformance],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.naming.monitor.PerformanceLoggerThread",
        "PERFORMANCE:|serviceCount",
        "",
        r"^PERFORMANCE:\|serviceCount\|.*$",
        "PERFORMANCE:|serviceCount|ipCount|subscribeCount|maxPushCost|avgPushCost|totalPushCount|failPushCount",
    ),
    known(
        "distro-figures",
        &[Series::NamingPerformance],
        "2.0.2..3.0.3",
        "com.alibaba.nacos.naming.monitor.PerformanceLoggerThread",
        "DISTRO:|",
        "",
        r"^DISTRO:\|.*$",
        "DISTRO:|0|0|0|",
    ),
    known(
        "worker-status",
        &[Series::NamingPerformance],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.naming.monitor.PerformanceLoggerThread",
        "Task worker status:",
        "",
        r"^Task worker status: ?$",
        "Task worker status: ",
    ),
    Statement {
        id: "config-queue",
        files: &[Series::ConfigMemory],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.config.server.monitor.MemoryMonitor",
        begins: "toClientNotifyTaskSize = ",
        contains: "",
        pattern: r"^toClientNotifyTaskSize = (?<n>\d+)$",
        sample: "toClientNotifyTaskSize = 192",
        read: Read::Pattern(|f| {
            Some(Event::ConfigQueue {
                waiting: f.number("n")?,
            })
        }),
    },
    known(
        "config-notify-queue",
        &[Series::ConfigMemory],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.config.server.monitor.MemoryMonitor",
        "toNotifyTaskSize = ",
        "",
        r"^toNotifyTaskSize = \d+$",
        "toNotifyTaskSize = 0",
    ),
    known(
        "config-groups",
        &[Series::ConfigMemory],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.config.server.monitor.PrintMemoryTask",
        "groupCount = ",
        "",
        r"^groupCount = \d+, subscriberClientCount = \d+, subscriberCount = \d+$",
        "groupCount = 20, subscriberClientCount = 0, subscriberCount = 0",
    ),
    known(
        "config-pollers",
        &[Series::ConfigMemory],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.config.server.service.LongPollingService",
        "[long-pulling] client count ",
        "",
        r"^\[long-pulling\] client count \d+$",
        "[long-pulling] client count 0",
    ),
    // ---- config-client-request.log ---------------------------------------------------------------------------------
    Statement {
        id: "config-listen",
        files: &[Series::ConfigClientRequest],
        releases: "1.4.0..2.5.0, 3.0.0-alpha..3.0.0-alpha.2",
        emitter: "com.alibaba.nacos.config.server.service.trace.ConfigTraceService",
        begins: "",
        contains: "|listen|",
        pattern: r"^(?<ms>-?\d+)\|(?<status>[^|]*)\|(?<client>[^|]*)\|(?<op>listen)\|(?<a>[^|]*)\|(?<b>[^|]*)\|[^|]*\|[^|]*\|[^|]*$",
        sample: "3|200|10.0.0.9|listen|3000|true|||unknown",
        read: Read::Pattern(read_config_request),
    },
    Statement {
        id: "config-get",
        files: &[Series::ConfigClientRequest],
        releases: "1.4.0..2.5.0, 3.0.0-alpha..3.0.0-alpha.2",
        emitter: "com.alibaba.nacos.config.server.service.trace.ConfigTraceService",
        begins: "",
        contains: "|get|",
        pattern: r"^(?<ms>-?\d+)\|(?<status>[^|]*)\|(?<client>[^|]*)\|(?<op>get)\|(?<a>[^|]*)\|(?<b>[^|]*)\|[^|]*\|[^|]*\|[^|]*$",
        sample: "0|200|10.0.0.9|get|cfg-1|DEFAULT_GROUP||f5e4d|unknown",
        read: Read::Pattern(read_config_request),
    },
    Statement {
        id: "config-publish",
        files: &[Series::ConfigClientRequest],
        releases: "1.4.0..2.5.0, 3.0.0-alpha..3.0.0-alpha.2",
        emitter: "com.alibaba.nacos.config.server.service.trace.ConfigTraceService",
        begins: "",
        contains: "|publish|",
        pattern: r"^(?<ms>-?\d+)\|(?<status>[^|]*)\|(?<client>[^|]*)\|(?<op>publish)\|(?<a>[^|]*)\|(?<b>[^|]*)\|[^|]*\|[^|]*\|[^|]*$",
        sample: "5|200|10.0.0.9|publish|cfg-1|DEFAULT_GROUP||f5e4d|unknown",
        read: Read::Pattern(read_config_request),
    },
    Statement {
        id: "config-remove",
        files: &[Series::ConfigClientRequest],
        releases: "1.4.0..2.5.0, 3.0.0-alpha..3.0.0-alpha.2",
        emitter: "com.alibaba.nacos.config.server.service.trace.ConfigTraceService",
        begins: "",
        contains: "|remove|",
        pattern: r"^(?<ms>-?\d+)\|(?<status>[^|]*)\|(?<client>[^|]*)\|(?<op>remove)\|(?<a>[^|]*)\|(?<b>[^|]*)\|[^|]*\|[^|]*\|[^|]*$",
        sample: "5|true|10.0.0.9|remove|cfg-1|DEFAULT_GROUP|||unknown",
        read: Read::Pattern(read_config_request),
    },
    // ---- nacos.log, start.out --------------------------------------------------------------------------------------
    Statement {
        id: "server-starting",
        files: &[Series::Nacos, Series::Console],
        releases: "1.4.0..3.0.3",
        emitter: "org.springframework.boot.StartupInfoLogger",
        begins: "Starting ",
        contains: " with PID ",
        pattern: r"^Starting (?:Nacos\S*|\S+)(?: v(?<version>\S+))?(?: using Java (?<java>\S+))? (?:on \S+ )?with PID (?<pid>\d+) \(.*$",
        sample: "Starting Nacos v2.2.3 using Java 17.0.15 on vm with PID 15942 (/home/nacos/target/nacos-server.jar started by root in /home/nacos)",
        read: Read::Pattern(|f| {
            Some(Event::ServerStarting {
                version: f.maybe("version"),
                pid: f.number("pid"),
                java: f.maybe("java"),
            })
        }),
    },
    Statement {
        id: "server-started",
        files: &[Series::Nacos, Series::Console],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.core.listener.StartingApplicationListener",
        begins: "Nacos started successfully in ",
        contains: "",
        pattern: r"^Nacos started successfully in .*$",
        sample: "Nacos started successfully in stand alone mode. use embedded storage",
        read: Read::Pattern(|_| Some(Event::ServerStarted)),
    },
    Statement {
        id: "server-stopping",
        files: &[Series::Nacos, Series::Console],
        releases: "1.4.0..3.0.3",
        emitter: "com.alibaba.nacos.common.notify.NotifyCenter",
        begins: "[NotifyCenter] Start destroying Publisher",
        contains: "",
        pattern: r"^\[NotifyCenter\] Start destroying Publisher$",
        sample: "[NotifyCenter] Start destroying Publisher",
        read: Read::Pattern(|_| Some(Event::ServerStopping)),
    },
    Statement {
        id: "login-refused",
        files: &[Series::Nacos],
        releases: "2.2.0..3.0.3",
        emitter: "com.alibaba.nacos.core.exception.NacosApiExceptionHandler",
        begins: "got exception. ",
        contains: "",
        pattern: r"^got exception\. (?:\{\} ?)?(?:user not found!|User not found!|unknown user!|LDAP login failed\.|token expired!|token invalid!).*$",
        sample: "got exception. user not found!",
        read: Read::Pattern(|_| Some(Event::LoginRefused)),
    },
    known(
        "grpc-transport-failed",
        &[Series::Nacos],
        "1.4.0..3.0.3",
        "io.grpc.netty.shaded.io.grpc.netty.NettyServerTransport",
        "Transport failed",
        "",
        r"^Transport failed$",
        "Transport failed",
    ),
    Statement {
        id: "grpc-pool-exhausted",
        files: &[Series::Nacos],
        releases: "2.0.0..3.0.3",
        emitter: "io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler",
        begins: "Exception in on",
        contains: "Read()",
        pattern: r"^Exception in on\w+Read\(\)$",
        sample: "Exception in onHeadersRead()",
        read: Read::Pattern(|f| {
            Some(
                if memmem::find(f.more(), b"RejectedExecutionException").is_some() {
                    Event::PoolExhausted
                } else {
                    Event::Known
                },
            )
        }),
    },
    Statement {
        id: "netty-leak",
        files: &[Series::Nacos, Series::Console],
        releases: "1.4.0..3.0.3",
        emitter: "io.grpc.netty.shaded.io.netty.util.ResourceLeakDetector",
        begins: "LEAK: ",
        contains: " was not called before it's garbage-collected.",
        pattern: r"^LEAK: \S+ was not called before it's garbage-collected\..*$",
        sample: "LEAK: ByteBuf.release() was not called before it's garbage-collected. See https://netty.io/wiki/reference-counted-objects.html for more information.",
        read: Read::Pattern(|_| Some(Event::NettyLeak)),
    },
    // ---- core-auth.log ---------------------------------------------------------------------------------------------
    Statement {
        id: "ldap-login",
        files: &[Series::CoreAuth],
        releases: "2.2.1..3.0.3",
        emitter: "com.alibaba.nacos.plugin.auth.impl.LdapAuthenticationProvider",
        begins: "try login with LDAP, user: ",
        contains: "",
        pattern: r"^try login with LDAP, user: .*$",
        sample: "try login with LDAP, user: alice",
        read: Read::Pattern(|_| Some(Event::LoginTried)),
    },
    known(
        "auth-start",
        &[Series::CoreAuth],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.core.auth.AuthFilter",
        "auth start, request: ",
        "",
        r"^auth start, request: .*$",
        "auth start, request: InstanceRequest",
    ),
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
        "auth-denied",
        &[Series::CoreAuth],
        "1.4.0..3.0.3",
        "com.alibaba.nacos.core.auth.AuthFilter",
        "access denied, request: ",
        "",
        r"^access denied, request: .*, reason: .*$",
        "access denied, request: InstanceRequest, reason: unknown user!",
    ),
    // ---- distro ----------------------------------------------------------------------------------------------------
    Statement {
        id: "distro-sync-failed",
        files: &[Series::ProtocolDistro],
        releases: "2.0.0..3.0.3",
        emitter: "com.alibaba.nacos.core.distributed.distro.task.execute.AbstractDistroExecuteTask",
        begins: "[DISTRO] Sync data change failed.",
        contains: "",
        pattern: r"^\[DISTRO\] Sync data change failed\.(?: key: .*)?$",
        sample: "[DISTRO] Sync data change failed. key: DistroKey{resourceKey='1714528799000_10.0.0.9_51234', resourceType='Nacos:Naming:v2:ClientData', targetServer='10.0.0.2:8848'}",
        read: Read::Pattern(|_| Some(Event::DistroFailed)),
    },
    known(
        "distro-end",
        &[Series::ProtocolDistro],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.distributed.distro.task.execute.AbstractDistroExecuteTask",
        "[DISTRO-END] ",
        "",
        r"^\[DISTRO-END\] .* result: .*$",
        "[DISTRO-END] DistroKey{resourceKey='1_10.0.0.9_2', resourceType='Nacos:Naming:v2:ClientData', targetServer='10.0.0.2:8848'} result: true",
    ),
    known(
        "distro-start",
        &[Series::ProtocolDistro],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.distributed.distro.task.execute.AbstractDistroExecuteTask",
        "[DISTRO-START] ",
        "",
        r"^\[DISTRO-START\] .*$",
        "[DISTRO-START] DistroSyncChangeTask for DistroKey{resourceKey='1_10.0.0.9_2', resourceType='Nacos:Naming:v2:ClientData', targetServer='10.0.0.2:8848'}",
    ),
    known(
        "distro-receive",
        &[Series::ProtocolDistro],
        "2.0.0..3.0.3",
        "com.alibaba.nacos.core.distributed.distro.DistroProtocol",
        "[DISTRO] Receive distro data type: ",
        "",
        r"^\[DISTRO\] Receive distro data type: .*$",
        "[DISTRO] Receive distro data type: CHANGE, key: DistroKey{resourceKey='1_10.0.0.9_2', resourceType='Nacos:Naming:v2:ClientData', targetServer='null'}",
    ),
];

// ---- readers by hand -----------------------------------------------------------------------------------------------

/// `Service{…, ephemeral=true, revision=7}` at the start of `text`: the service, its revision, and what follows `}`.
///
/// Names could hold commas, quotes and braces before 2.3.0, so the end is looked for from `, ephemeral=`.
fn service<'a>(text: &'a [u8]) -> Option<(ServiceText<'a>, u64, &'a [u8])> {
    let body = text.strip_prefix(b"Service{")?;
    let mut from = 0;
    loop {
        let at = from + memmem::find(&body[from..], b", ephemeral=")?;
        let rest = &body[at + b", ephemeral=".len()..];
        let rest = rest
            .strip_prefix(b"true, revision=")
            .or_else(|| rest.strip_prefix(b"false, revision="));
        if let Some((revision, rest)) = rest.and_then(cut::number)
            && let Some(rest) = rest.strip_prefix(b"}")
        {
            return Some((ServiceText(&body[..at]), revision, rest));
        }
        from = at + 1;
    }
}

fn push_succ<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let rest = text.line.strip_prefix(b"[PUSH-SUCC] ")?;
    let (cost_ms, rest) = cut::number(rest)?;
    let at = memmem::find(rest, b"Service{")?;
    let (service, revision, rest) = service(&rest[at..])?;
    let instances = cut::number(cut::after(rest, b", DataSize=")?)?.0;
    let client = cut::after_last(rest, b", target=")?;
    (!client.is_empty()).then_some(Event::PushOk {
        client,
        service,
        revision,
        cost_ms,
        instances,
    })
}

fn push_succ_subscriber<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let rest = text.line.strip_prefix(b"[PUSH-SUCC] ")?;
    let (cost_ms, rest) = cut::number(rest)?;
    let rest = cut::after(rest, b" for subscriber ")?;
    let client = cut::before(rest, b", Service{")?;
    let (service, revision, rest) = service(&rest[client.len() + 2..])?;
    let instances = cut::number(cut::after(rest, b", DataSize=")?)?.0;
    Some(Event::PushOk {
        client,
        service,
        revision,
        cost_ms,
        instances,
    })
}

/// The reason may hold anything, line ends too: the client stands behind the *last* `, target=`.
fn push_fail<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let rest = text.line.strip_prefix(b"[PUSH-FAIL] ")?;
    let (cost_ms, rest) = cut::number(rest)?;
    let rest = rest.strip_prefix(b"ms, ")?;
    let (service, revision, rest) = service(rest)?;
    let reason = rest.strip_prefix(b", reason=")?;
    let (reason, client) = match memmem::rfind(reason, b", target=") {
        Some(at) => (&reason[..at], &reason[at + b", target=".len()..]),
        None => (reason, cut::word(cut::after(text.more, b", target=")?)),
    };
    (!client.is_empty()).then_some(Event::PushFail {
        client,
        service,
        revision,
        cost_ms,
        reason,
    })
}

fn push_send_failed<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let rest = text
        .line
        .strip_prefix(b"error to send push response to connectionId =")?;
    let connection = ConnectionId::read(cut::before(rest, b",push response=")?)?;
    Some(Event::SendFailed {
        connection,
        busy: memmem::find(text.more, b"ConnectionBusyException").is_some(),
    })
}

fn instance<'a>(text: &Text<'a>, begins: &[u8]) -> Option<(&'a [u8], ServiceText<'a>)> {
    let (service, _, rest) = service(text.line.strip_prefix(begins)?)?;
    let client = rest.strip_prefix(b", ")?;
    (!client.is_empty()).then_some((client, service))
}

fn instance_changed<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let (client, service) = instance(text, b"Client change for service ")?;
    Some(Event::InstanceChanged { client, service })
}

fn instance_removed<'a>(text: &Text<'a>) -> Option<Event<'a>> {
    let (client, service) = instance(text, b"Client remove for service ")?;
    Some(Event::InstanceRemoved { client, service })
}

// ---- readers by pattern --------------------------------------------------------------------------------------------

fn read_census<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    Some(Event::Census {
        total: f.number("total")?,
        sdk: f.number("sdk"),
    })
}

fn read_meta<'a>(f: &Fields<'a>) -> MetaText<'a> {
    let all = f.get_all();
    let quoted = |key: &[u8]| cut::between(all, key, b"'").unwrap_or_default();
    let label = |key: &[u8]| {
        cut::after(all, key)
            .map(|t| cut::until(cut::until(t, b','), b'}'))
            .unwrap_or_default()
    };
    MetaText {
        client_ip: quoted(b"clientIp='"),
        version: quoted(b", version='"),
        app: quoted(b"appName='"),
        module: label(b"module="),
        source: label(b"source="),
    }
}

fn read_config_request<'a>(f: &Fields<'a>) -> Option<Event<'a>> {
    let client = f.get("client");
    Some(match f.get("op") {
        b"listen" => Event::ConfigListen {
            client,
            size: f.number("a")?,
            on: f.get("b") == b"true",
        },
        b"get" => Event::ConfigGet { client },
        b"publish" => Event::ConfigPublish { client },
        _ => Event::Known,
    })
}
