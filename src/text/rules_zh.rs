//! What the rules are about, in Chinese, in the order of their ids. The English stands in the rules.

/// The texts of one rule in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// In a few words.
    pub title: &'static str,
    /// What it looks for, and why that runs a server out of memory.
    pub what: &'static str,
    /// Evidence that speaks for it.
    pub speaks_for: &'static str,
    /// Evidence that speaks against it.
    pub speaks_against: &'static str,
    /// What to do, in general.
    pub remedy: &'static str,
    /// Where it was learnt.
    pub sources: &'static str,
}

/// All of them.
#[rustfmt::skip]
pub(super) static RULES: &[(&str, RuleText)] = &[
    ("connection-storm", RuleText {
        title: "连接风暴",
        what: "每个新连接都要占用缓冲区、完成一次握手，并把它订阅的内容全部推送一遍。",
        speaks_for: "某个地址新建连接的速度远超平时，且发生在内存上涨之前或与之同步。",
        speaks_against: "内存没有变化；风暴出现在重启或分配失败之后，那时所有客户端都在重连。",
        remedy: "找到每次调用都新建客户端、或因健康检查反复重启的应用；按地址限制连接数。",
        sources: "Nacos 2.0.0 至 3.0.3 的 AddressTransportFilter、ConnectionManager。",
    }),
    ("direct-buffer-leak", RuleText {
        title: "服务端泄漏直接内存缓冲区",
        what: "服务端自己申请的缓冲区没有释放：某个 handler 忘了 release，拒绝请求时没有释放它的缓冲区，或者同进程的其他库在泄漏。",
        speaks_for: "没有客户端推送失败，直接内存却一直上涨；Netty 的泄漏检测报告有缓冲区尚未释放就由 GC 回收。",
        speaks_against: "上涨可以用推送失败的客户端或突发流量解释；内存涨到负载所需的水位后就停住。",
        remedy: "做堆转储，从中可知缓冲区的持有者。选一个节点打开 Netty 泄漏检测（advanced）。",
        sources: "Netty 4.1 的 ResourceLeakDetector；Nacos issue 12792、13382（拒绝请求时缓冲区未释放）。",
    }),
    ("direct-limit-sizing", RuleText {
        title: "直接内存的上限值得检查",
        what: "不设置时，上限几乎等于整个堆，堆和直接内存加起来可能是预期的两倍。不到堆的四分之一可能不够；超过一半，只要机器放得下也没问题。写在 -jar 之后的参数不起作用。",
        speaks_for: "没有 -XX:MaxDirectMemorySize；上限不到堆的四分之一；参数写在 -jar 之后（启动脚本的 JAVA_OPT_EXT）。",
        speaks_against: "上限不低于堆的四分之一。",
        remedy: "在 JAVA_OPT、CUSTOM_NACOS_MEMORY（2.4.0 及以上）或 JAVA_TOOL_OPTIONS 中设置 -XX:MaxDirectMemorySize。",
        sources: "Nacos 1.4.0 至 3.0.3 的 startup.sh；sun.misc.VM 与 jdk.internal.misc.VM。",
    }),
    ("direct-memory-exhausted", RuleText {
        title: "直接内存耗尽",
        what: "Netty 或 JDK 拒绝分配直接内存，或者上限已用掉 95%。此后对所有客户端，推送、响应乃至读 socket 都会失败，直到内存释放或进程重启。",
        speaks_for: "本进程任何日志里、任何写法的分配失败；直接内存使用率达到 95% 及以上。",
        speaks_against: "从其他进程转来的失败（GOAWAY 里的文字）以及应用自己 JVM 的失败不算。",
        remedy: "先采集证据（NMT、堆转储、socket）：直接内存报错不会触发 JVM 自动做堆转储。然后消除原因，最后才重启。",
        sources: "JDK 8 至 25 的 java.nio.Bits；Netty 4.1.38 至 4.1.110 的 PlatformDependent；Nacos issue 10352、10854、12792。",
    }),
    ("direct-memory-growth", RuleText {
        title: "直接内存上涨",
        what: "NMT 中含直接内存的分类（JDK 8 为 Internal，之后为 Other）或直接缓冲池持续上涨，幅度超过内存池预热所需。增速取所有采样点两两斜率的中位数（Theil-Sen），区间为第 10 至第 90 百分位；上涨仍在继续时，据此推算多久触及上限。",
        speaks_for: "连续涨过多个台阶，直到采样结束或触及上限。",
        speaks_against: "内存池申请几个 chunk，涨几级后持平；涨上去又落回来。",
        remedy: "在触及上限之前找到原因；剩余时间见诊断结果。",
        sources: "JDK 8 至 25 的 NMT；Netty 内存池按 2 MiB（Nacos 2.1.1 之前为 16 MiB）的 chunk 申请内存，且不归还。",
    }),
    ("evidence-gap", RuleText {
        title: "缺少的证据",
        what: "输入里没有能区分各种原因的文件，或者根本没有反映内存的文件。",
        speaks_for: "规则需要、而输入中没有的每一类数据。",
        speaks_against: "已有的数据，哪怕里面没有异常。",
        remedy: "在进程重启之前，按清单采集。",
        sources: "各规则声明所需的数据类别。",
    }),
    ("faulty-client", RuleText {
        title: "停止读取的客户端",
        what: "客户端不再读数据（进程卡死、长时间 Full GC、链路中断）时，发给它的推送滞留在服务端 HTTP/2 流控队列里，占用直接内存缓冲区。2.3.1 之前这个队列没有上限；2.2.0 至 2.2.4 也不会剔除这样的连接。每个地址单独成一条结果，最严重的在前。",
        speaks_for: "它的连接一直没断，推送却不断失败，再没有一次成功；失败与内存上涨同时开始，且占全部失败的大半；配置监听不再有动静；堆转储或发送队列里能数出为它滞留的字节。",
        speaks_against: "只失败几秒（重启）；其间有推送成功，或者超时后才 ACK（慢，但没死）；它重新连上；失败晚于内存上涨或耗尽；所有客户端同时失败。",
        remedy: "重启任何进程之前，先做堆转储。检查该客户端：Full GC、内存溢出、CPU、阻塞的监听回调、SDK 版本。重启它或切断它的连接；服务端最后才重启。升级到 2.3.1 或更高版本。",
        sources: "Nacos 2.0.0 至 3.0.3 的 PushExecuteTask、RpcConfigChangeNotifier、GrpcConnection；2.3.1 修复（PR 11514）。",
    }),
    ("limit-too-small", RuleText {
        title: "直接内存上限太小",
        what: "上限不够服务端平时负载所需，或者放不下 Netty 内存池的 chunk。",
        speaks_for: "内存随负载起落，却已耗尽或逼近上限；上限不到堆的四分之一；一次申请就是一个 chunk，而上限只有几个 chunk。",
        speaks_against: "单个客户端或一次突发就能解释这些内存；内存一直上涨，此时调大上限只能争取一点时间。",
        remedy: "把 -XX:MaxDirectMemorySize 设为堆的四分之一至一半，且不低于实测需求的 1.25 倍。",
        sources: "Nacos 维护者的建议：直接内存为堆的四分之一至一半，堆不超过物理内存的 70%。",
    }),
    ("login-burst", RuleText {
        title: "登录风暴",
        what: "每次登录都要算一次密码哈希、签发一个 token，两端都占用缓冲区；2.2.0.1 及之前的 token 库（jjwt）还要压缩和解压。拿不到有效 token 的客户端每五秒重新登录一次。",
        speaks_for: "某个地址的登录速度远超平时，也远超其他地址；其间内存上涨；版本有登录缺陷（2.2.0.1 及之前的 jjwt；2.2.2 至 2.3.0 关闭鉴权后不停登录）。",
        speaks_against: "内存没有变化；风暴在内存上涨之前就已结束，或在分配失败、重启之后才开始。",
        remedy: "按地址和用户找到对应的应用，让它保存 token。打开 token 缓存（2.2.1 及以上）。升级到 2.3.1 或更高版本。",
        sources: "Nacos PR 9859（替换 jjwt，2.2.1）、11495（循环登录，2.3.1）、13046（随机化刷新时间，2.5.1）。",
    }),
    ("memory-overcommitted", RuleText {
        title: "机器放不下堆和直接内存",
        what: "堆、直接内存、metaspace、代码缓存、线程和收集器自身的结构都要放进物理内存，否则内核会杀掉进程。",
        speaks_for: "堆与直接内存上限之和超过物理内存；堆超过物理内存的 70%。",
        speaks_against: "物理内存大小未知；或者机器由本进程独占且内存足够。",
        remedy: "堆不超过物理内存的 70%；堆、直接内存再加约 512 MiB，合计小于物理内存。",
        sources: "Nacos 维护者的建议；运行中服务端的 NMT（代码缓存、metaspace、线程和收集器共 300 至 500 MiB）。",
    }),
    ("native-memory-outside-nmt", RuleText {
        title: "JVM 统计之外的 native 内存",
        what: "进程在增长，堆和 NMT 各分类却没有：这是 native 库用 malloc 申请的内存（没有 end 的 zlib 流、RocksDB、JNI），或者留在分配器 arena 里的内存。",
        speaks_for: "匿名常驻内存稳步上涨，NMT 的 committed 总量不变。",
        speaks_against: "NMT 同步增长；堆只是首次触页；差值固定不变。",
        remedy: "采集两次 smaps，比较各段映射；在堆转储里数 Deflater 和 Inflater；试试 MALLOC_ARENA_MAX=2。",
        sources: "JDK 8 至 25 的 NMT 只统计 JVM 自己申请的内存；libzip、librocksdbjni 等直接调用 malloc。",
    }),
    ("outbound-backlog", RuleText {
        title: "有数据为客户端排队",
        what: "消息滞留在 HTTP/2 流控队列、出站缓冲区或 gRPC 写队列里，再小的消息也至少占用 4 KiB 直接内存。堆转储能看出每个连接滞留多少，包括 Nacos 已从列表剔除、却没有关闭的连接。",
        speaks_for: "本进程的堆转储里有排队的消息。",
        speaks_against: "与已用内存相比队列很小，或者均匀分散在许多客户端。",
        remedy: "检查滞留最多的客户端；关闭它们的连接，内存立即释放。",
        sources: "Netty 4.1 的 DefaultHttp2RemoteFlowController；grpc-java 1.24 至 1.68；Nacos 2.2.3 与 2.3.0 的堆转储。",
    }),
    ("push-fan-out", RuleText {
        title: "一次变更，大量订阅者",
        what: "服务每次变更，都要把完整内容同时推送给每个订阅者：在数据发完之前，需要“服务大小乘以订阅者数量”的直接内存。占用只持续几秒，随后释放。",
        speaks_for: "大部分推送来自同一个服务，它有大量订阅者；内存冲高后又回落；所有订阅者同样推送失败；客户端会 ACK，只是超时。",
        speaks_against: "失败集中在一个客户端；内存一直上涨。",
        remedy: "缩小服务（拆分集群，精简 metadata 标签），分散订阅者，放慢变更（nacos.naming.push.pushTaskDelay），并让直接内存容得下“服务大小乘以订阅者数量”。",
        sources: "Nacos 2.0.0 至 3.0.3 的 PushExecuteTask：每个订阅者每次推送占用一个缓冲区。",
    }),
    ("registration-storm", RuleText {
        title: "注册风暴",
        what: "实例每次注册、变更或注销，都会向该服务的每个订阅者推送，并同步给每个集群节点。",
        speaks_for: "某个地址注册、注销的速度远超平时，且发生在内存上涨之前或与之同步。",
        speaks_against: "内存没有变化；风暴出现在重启或分配失败之后；内存上涨之前就已结束。",
        remedy: "找到循环注册的应用（健康检查失败、部署脚本）；改用批量注册。",
        sources: "Nacos 2.0.0 至 3.0.3 的 AbstractClient、PushDelayTask。naming-server.log 在高负载下会丢日志，计数只是下限。",
    }),
];
