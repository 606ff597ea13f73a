//! Lines of what happens seldom: work between servers that fails, pushes over UDP, errors that have nothing to do with memory.

use super::writer::Writer;

/// Frames of a request that a full pool of threads refused.
const REFUSED_FRAMES: &str =
    "\tat java.base/java.util.concurrent.ThreadPoolExecutor$AbortPolicy.rejectedExecution(ThreadPoolExecutor.java:2065)
\tat java.base/java.util.concurrent.ThreadPoolExecutor.reject(ThreadPoolExecutor.java:833)
\tat java.base/java.util.concurrent.ThreadPoolExecutor.execute(ThreadPoolExecutor.java:1365)
\tat io.grpc.internal.SerializingExecutor.schedule(SerializingExecutor.java:102)
\tat io.grpc.internal.SerializingExecutor.execute(SerializingExecutor.java:95)
";
/// Frames of a request to a peer that failed.
const PEER_FRAMES: &str =
    "\tat com.alibaba.nacos.common.remote.client.grpc.GrpcConnection$2.onFailure(GrpcConnection.java:154)
\tat com.google.common.util.concurrent.Futures$CallbackListener.run(Futures.java:1133)
";

impl Writer {
    /// What was to be sent to a peer did not arrive.
    pub fn sync_failed(&mut self, t: i64, client: &str, peer: &str) {
        let key = format!(
            "DistroKey{{resourceKey='{client}', resourceType='Nacos:Naming:v2:ClientData', targetServer='{peer}:8848'}}"
        );
        let named = self.style.release.from(2, 1, 1);
        let head = "java.util.concurrent.TimeoutException: Timeout after 3000 milliseconds.\n";
        let text = if named {
            format!("[DISTRO] Sync data change failed. key: {key}")
        } else {
            "[DISTRO] Sync data change failed.".to_owned()
        };
        self.record(
            "protocol-distro.log",
            t,
            "WARN",
            &text,
            &[head, PEER_FRAMES],
        );
    }

    /// The comparison with a peer failed.
    pub fn verify_failed(&mut self, t: i64, client: &str, peer: &str) {
        let key = format!(
            "DistroKey{{resourceKey='{client}', resourceType='Nacos:Naming:v2:ClientData', targetServer='{peer}:8848'}}"
        );
        let head = "java.util.concurrent.TimeoutException: Timeout after 3000 milliseconds.\n";
        self.record(
            "naming-distro.log",
            t,
            "ERROR",
            &format!("[DISTRO-FAILED] Verify distro data failed! key: {key} "),
            &[head, PEER_FRAMES],
        );
    }

    /// A request that the pool of request threads refused.
    pub fn refused(&mut self, t: i64, task: u64, done: u64) {
        let head = format!(
            "java.util.concurrent.RejectedExecutionException: Task io.grpc.internal.SerializingExecutor@{task:x} rejected from java.util.concurrent.ThreadPoolExecutor@5a1fe02f[Running, pool size = 64, active threads = 64, queued tasks = 16384, completed tasks = {done}]\n"
        );
        self.record(
            "nacos.log",
            t,
            "WARN",
            "Exception processing message",
            &[&head, REFUSED_FRAMES],
        );
    }

    /// An error that says nothing about memory.
    pub fn noise(&mut self, t: i64, kind: i64) {
        match kind % 3 {
            0 => self.record(
                "nacos.log",
                t,
                "ERROR",
                "CONSOLE {}",
                &[
                    "org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe\n",
                    "\tat org.apache.catalina.connector.OutputBuffer.realWriteBytes(OutputBuffer.java:353)\n",
                    "\tat org.apache.catalina.connector.OutputBuffer.flushByteBuffer(OutputBuffer.java:783)\n",
                ],
            ),
            1 => self.record(
                "nacos.log",
                t,
                "ERROR",
                "got exception. user not found!",
                &[
                    "org.springframework.security.core.userdetails.UsernameNotFoundException: batch\n",
                    "\tat com.alibaba.nacos.plugin.auth.impl.users.NacosUserDetailsServiceImpl.loadUserByUsername(NacosUserDetailsServiceImpl.java:63)\n",
                ],
            ),
            _ => self.record(
                "config-server.log",
                t,
                "ERROR",
                "[dump] save disk cache fail. ",
                &[
                    "java.lang.NullPointerException: null\n",
                    "\tat com.alibaba.nacos.config.server.service.dump.DumpService.lambda$init$0(DumpService.java:170)\n",
                ],
            ),
        }
    }

    /// A push over UDP: scheduled, and sent.
    pub fn udp_push(&mut self, t: i64, service: &str, ip: &str, port: u16, key: &str) {
        self.record(
            "naming-push.log",
            t,
            "INFO",
            &format!(
                "serviceName: {service} changed, schedule push for: {ip}:{port}, agent: Nacos-Java-Client:v1.4.2, key: null"
            ),
            &[],
        );
        self.record(
            "naming-push.log",
            t + 1,
            "INFO",
            &format!("send udp packet: {key}"),
            &[],
        );
    }

    /// Its acknowledgement.
    pub fn udp_ack(&mut self, t: i64, ip: &str, port: u16, cost: i64, total: u64) {
        let text = format!(
            "received ack: {{\"type\":\"push-ack\",\"lastRefTime\":\"{}\",\"data\":\"\"}} from: {ip}:{port}, cost: {cost} ms, unacked: 0, total push: {total}",
            t * 1_000_000
        );
        self.record("naming-push.log", t, "INFO", &text, &[]);
    }

    /// Ten seconds without one: sent again.
    pub fn udp_again(&mut self, t: i64, key: &str) {
        for _ in 0..2 {
            self.record(
                "naming-push.log",
                t,
                "INFO",
                &format!("retry to push data, key: {key}"),
                &[],
            );
        }
        self.record(
            "naming-push.log",
            t,
            "INFO",
            &format!("send udp packet: {key}"),
            &[],
        );
    }

    /// Twenty seconds: given up.
    pub fn udp_given_up(&mut self, t: i64, ip: &str, key: &str) {
        self.failures.push((t, ip.to_owned()));
        self.record(
            "naming-push.log",
            t,
            "WARN",
            &format!("max re-push times reached, retry times 2, key: {key}"),
            &[],
        );
    }
}
