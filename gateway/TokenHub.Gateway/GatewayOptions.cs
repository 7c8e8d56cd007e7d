using System.Net;
using Microsoft.Extensions.Logging;
using TokenHub.Gateway.Settlement.Log;
using TokenHub.Core.Addresses;
using TokenHub.Redis;

namespace TokenHub.Gateway;

/// <summary>
/// All that one gateway is told at its start, read once from the environment by <see cref="GatewayOptionsReader"/>.
/// Every loop, queue, buffer and wait of the gateway has its bound here.
/// </summary>
internal sealed record GatewayOptions
{
    public required string DataDir { get; init; }
    public required IPEndPoint Bind { get; init; }
    public required string RedisUrl { get; init; }

    /// <summary>32 bytes; opens the channel credentials in the snapshot.</summary>
    public required byte[] MasterKey { get; init; }

    /// <summary>The master key of before, while channel credentials are sealed anew; else null.</summary>
    public byte[]? MasterKeyOld { get; init; }

    public required Uri ControlPlaneUrl { get; init; }
    public required string ControlPlaneToken { get; init; }
    public required string GatewayId { get; init; }
    public required string WalDir { get; init; }
    /// <summary>Bytes that the write-ahead log may take; new requests stop at 80 % of them.</summary>
    public long LogBytesMax { get; init; } = 8L << 30;

    /// <summary>The disk under the log; another one only in tests, to fail.</summary>
    public LogDisk Disk { get; init; } = LogDisk.Real;

    /// <summary>What stands between forwarding and the admission; something that watches only in tests.</summary>
    public Func<IAdmission, IAdmission> Admission { get; init; } = admission => admission;

    /// <summary>How long any one call of Redis may take; longer only in tests, on machines that stall.</summary>
    public TimeSpan RedisCallTimeout { get; init; } = RedisOptions.UsualCallTimeout;

    /// <summary>Longest wait of a request for where its conversation is bound; longer only in tests.</summary>
    public TimeSpan BindingPatience { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Lend accounts a little while Redis is away; see <see cref="Exchanges.GraceLine"/>.</summary>
    public bool LendsGrace { get; init; }

    public bool AllowPrivateUpstreams { get; init; }
    public bool AllowInsecureUpstreams { get; init; }

    /// <summary>PEM file of the authorities to trust for upstreams in place of the system's; empty for those.</summary>
    public string UpstreamCaFile { get; init; } = "";

    public IReadOnlyList<AddressRange> TrustedProxies { get; init; } = [];
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Largest request body; one byte more is 413.</summary>
    public int BodyBytesMax { get; init; } = 20 << 20;

    /// <summary>The same for calls that bring pictures or sound along: OpenAI takes files of 25 MB.</summary>
    public int FormBytesMax { get; init; } = 32 << 20;

    /// <summary>Largest answer that is taken whole before it is relayed (answers that are not streams).</summary>
    public int AnswerBytesMax { get; init; } = 64 << 20;

    /// <summary>Most bytes of a stream kept back while waiting for its first content.</summary>
    public int HeldBackBytesMax { get; init; } = 1 << 20;

    /// <summary>Largest error body read from an upstream.</summary>
    public int ErrorBodyBytesMax { get; init; } = 64 << 10;

    /// <summary>Largest picture or document that is fetched for an upstream that takes no addresses.</summary>
    public int MediaBytesMax { get; init; } = 10 << 20;

    /// <summary>The same for all of one request.</summary>
    public int MediaBytesInAllMax { get; init; } = 20 << 20;

    /// <summary>Longest time for one of them.</summary>
    public TimeSpan MediaTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Fetch from private addresses and by http:// too: callers choose the address.</summary>
    public bool AllowPrivateMedia { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the sent request to the upstream's first content.</summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The same for an answer that is not streamed: it begins only when all of it has been made.</summary>
    public TimeSpan UnstreamedTimeout { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Longest silence of an upstream in mid-answer.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// Longest silence towards an Anthropic client while an upstream of another protocol has nothing to say.
    /// </summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest wait for a client that does not take what is sent to it.</summary>
    public TimeSpan ClientWriteTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an answer is read on, at most, whose client has left, where the channel says so.</summary>
    public TimeSpan ClientDrainTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Output tokens, by the own count, after which such reading on ends.</summary>
    public int ClientDrainTokensMax { get; init; } = 2000;

    /// <summary>Answers read on at once; one more is broken off as if its channel said so.</summary>
    public int ClientDrainsMax { get; init; } = 64;

    /// <summary>How long running requests may go on after the signal to stop.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one client key may be served from local memory.</summary>
    public TimeSpan KeyCacheTtl { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an unknown key stays unknown without a new look-up.</summary>
    public TimeSpan KeyCacheNegativeTtl { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most client keys in local memory.</summary>
    public int KeyCacheEntriesMax { get; init; } = 64 << 10;

    /// <summary>Output tokens held when a stream starts; each further step doubles.</summary>
    public int FirstStepTokens { get; init; } = 512;

    /// <summary>
    /// Output tokens by which an answer may go beyond the last of its money: an event that would is not passed on.
    /// </summary>
    public int OverrunTokensMax { get; init; } = 256;

    /// <summary>
    /// Output tokens by which an answer may go beyond its hold while Redis cannot be asked for more.
    /// </summary>
    public int UnheldTokensMax { get; init; } = 32 << 10;

    /// <summary>
    /// Output tokens held for an answer that is not streamed and has no limit of its own: it can be cut nowhere.
    /// </summary>
    public int UnstreamedStepTokens { get; init; } = 2048;

    /// <summary>How often the limits of running requests are looked at.</summary>
    public TimeSpan DeadlineTick { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Life of a hold in Redis between two heartbeats.</summary>
    public TimeSpan HoldTtl { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Largest request head, as Kestrel counts it.</summary>
    public const int HeadersBytesMax = 32 << 10;

    public const int HeadersMax = 100;

    /// <summary>Longest request line.</summary>
    public const int RequestLineBytesMax = 8 << 10;
}
