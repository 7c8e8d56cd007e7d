using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Usage;

/// <summary>
/// The bytes of a <see cref="UsageRecord"/>: a version byte, the request id, then numbers as LEB128 and texts with a
/// length byte. The same bytes stand in the gateway's log, in the Redis outbox and on the wire to the control plane.
/// Formats 1 (no usage for attempts) and 2 (no factors, no route) are still read: logs outlive the build that wrote
/// them.
/// </summary>
public static class UsageRecordCodec
{
    /// <summary>No record is longer; a usual one takes about 120 bytes.</summary>
    public const int BytesMax = 1792;

    private const byte Version = 3;
    private const byte OldestVersion = 1;
    private const byte FirstTokenVersion = 3;

    [Flags]
    private enum Flags : byte
    {
        Stream = 1,
        Counted = 2,

        /// <summary>Factors that are not all one follow.</summary>
        Factors = 4,

        /// <summary>The route follows.</summary>
        Route = 8,

        /// <summary>The usage has pictures, sound or text read aloud.</summary>
        Media = 16,
    }

    [Flags]
    private enum AttemptFlags : byte
    {
        Counted = 1,

        /// <summary>The record's usage is the attempt's, as it is of the one that served; not written twice.</summary>
        RecordsUsage = 2,

        /// <summary>The attempt has a usage of its own, which follows.</summary>
        OwnUsage = 4,

        /// <summary>Its own usage has pictures, sound or text read aloud.</summary>
        Media = 8,
    }

    /// <summary>Writes the record and returns the number of bytes, at most <see cref="BytesMax"/>.</summary>
    public static int Write(UsageRecord record, Span<byte> destination)
    {
        var writer = new VarWriter(destination);
        writer.Byte(Version);
        record.RequestId.WriteBytes(writer.Take(RequestId.ByteLength));
        writer.Byte((byte)record.Dialect);
        writer.Byte((byte)record.Outcome);
        writer.Byte((byte)FlagsOf(record));
        writer.Number(record.Account);
        writer.Number(record.Key);
        writer.Number(record.Channel);
        writer.Number(record.OwnerAccount);
        writer.Number(record.OwnerShareBp);
        writer.Number(record.PriceVersion);
        writer.Number(record.Status);
        writer.Number(record.StartedMs);
        writer.Number(record.FirstTokenMs + 1);
        writer.Number(record.DurationMs);
        writer.Number(record.Hold.Units);
        writer.Number(record.Cost.Units);
        writer.Number((ushort)record.Notes);
        writer.Byte((byte)record.AbortPolicy);
        WriteUsage(ref writer, record.Usage);
        WriteDecisions(ref writer, record);
        writer.Text(record.Model, UsageRecord.ModelBytesMax);
        writer.Text(record.UpstreamId, UsageRecord.UpstreamIdBytesMax);
        var attempts = Math.Min(record.Attempts.Count, UsageRecord.AttemptsMax);
        writer.Byte((byte)attempts);
        for (var i = 0; i < attempts; i++)
        {
            WriteAttempt(ref writer, record.Attempts[i], record.Usage);
        }

        return writer.Length;
    }

    /// <summary>Reads one record; false for bytes that are not exactly one whole record of a known version.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out UsageRecord record)
    {
        record = null!;
        var reader = new VarReader(source);
        var version = reader.Byte();
        if (version is < OldestVersion or > Version)
        {
            return false;
        }

        var idBytes = reader.Take(RequestId.ByteLength);
        if (reader.Failed)
        {
            return false;
        }

        var id = RequestId.ReadBytes(idBytes);
        var dialect = (Dialect)reader.Byte();
        var outcome = (Outcome)reader.Byte();
        var flags = (Flags)reader.Byte();
        TokenUsage usage;
        record = new UsageRecord
        {
            RequestId = id,
            Dialect = dialect,
            Outcome = outcome,
            IsStream = flags.HasFlag(Flags.Stream),
            IsCounted = flags.HasFlag(Flags.Counted),
            Account = reader.Number(),
            Key = reader.Number(),
            Channel = reader.Number(),
            OwnerAccount = reader.Number(),
            OwnerShareBp = reader.Int(),
            PriceVersion = reader.Number(),
            Status = reader.Int(),
            StartedMs = reader.Number(),
            FirstTokenMs = reader.Int() - 1,
            DurationMs = reader.Int(),
            Hold = new Usd(reader.Number()),
            Cost = new Usd(reader.Number()),
            Notes = version == OldestVersion ? UsageNotes.None : (UsageNotes)reader.Int(),
            AbortPolicy = version == OldestVersion ? AbortPolicy.Cancel : (AbortPolicy)reader.Byte(),
            Usage = usage = ReadUsage(ref reader, flags.HasFlag(Flags.Media)),
            Factors = flags.HasFlag(Flags.Factors) ? ReadFactors(ref reader) : default,
            Route = flags.HasFlag(Flags.Route) ? ReadRoute(ref reader) : default,
            Model = reader.Text(),
            UpstreamId = reader.Text(),
            Attempts = ReadAttempts(ref reader, version, usage),
        };
        return !reader.Failed && reader.AtEnd;
    }

    /// <summary>Writes an attempt by itself, as the in-flight table keeps it; returns the number of bytes.</summary>
    public static int WriteAttempt(in AttemptRecord attempt, Span<byte> destination)
    {
        var writer = new VarWriter(destination);
        WriteAttempt(ref writer, attempt, recorded: default);
        return writer.Length;
    }

    public static bool TryReadAttempt(ReadOnlySpan<byte> source, out AttemptRecord attempt)
    {
        var reader = new VarReader(source);
        attempt = ReadAttempt(ref reader, Version, recorded: default);
        return !reader.Failed && reader.AtEnd;
    }

    private static Flags FlagsOf(UsageRecord record) =>
        (record.IsStream ? Flags.Stream : 0)
        | (record.IsCounted ? Flags.Counted : 0)
        | (record.Factors.IsOne ? 0 : Flags.Factors)
        | (record.Route == default ? 0 : Flags.Route)
        | (record.Usage.Media.IsEmpty ? 0 : Flags.Media);

    private static void WriteDecisions(ref VarWriter writer, UsageRecord record)
    {
        if (!record.Factors.IsOne)
        {
            writer.Number(record.Factors.GroupBp);
            writer.Number(record.Factors.SurgeBp);
            writer.Number(record.Factors.FireSaleBp);
        }

        if (record.Route != default)
        {
            var route = record.Route;
            writer.Byte((byte)route.Policy);
            writer.Byte((byte)route.Reason);
            writer.Number(route.Serving);
            writer.Number(route.OutOfScope);
            writer.Number(route.OtherCall);
            writer.Number(route.Cooling);
            writer.Number(route.Exhausted);
            writer.Number(route.Full);
        }
    }

    private static PriceFactors ReadFactors(ref VarReader reader)
    {
        var (group, surge, fireSale) = (reader.Int(), reader.Int(), reader.Int());
        if (!IsFactor(group) || !IsFactor(surge) || !IsFactor(fireSale))
        {
            reader.Fail();
            return default;
        }

        return new PriceFactors(group, surge, fireSale);
    }

    private static bool IsFactor(int bp) => bp is >= 1 and <= PriceFactors.Max;

    private static RouteTrace ReadRoute(ref VarReader reader) => new(
        (RoutingPolicy)reader.Byte(), (RouteReason)reader.Byte(), reader.Int(), reader.Int(), reader.Int(),
        reader.Int(), reader.Int(), reader.Int());

    private static void WriteUsage(ref VarWriter writer, in TokenUsage usage)
    {
        writer.Number(usage.Input);
        writer.Number(usage.CacheRead);
        writer.Number(usage.CacheWrite5m);
        writer.Number(usage.CacheWrite1h);
        writer.Number(usage.CacheWriteOther);
        writer.Number(usage.Output);
        writer.Number(usage.Reasoning);
        writer.Number(usage.ToolUsePrompt);
        if (!usage.Media.IsEmpty)
        {
            writer.Number(usage.Media.Images);
            writer.Number(usage.Media.AudioMs);
            writer.Number(usage.Media.Characters);
        }
    }

    private static TokenUsage ReadUsage(ref VarReader reader, bool hasMedia) => new()
    {
        Input = reader.Number(),
        CacheRead = reader.Number(),
        CacheWrite5m = reader.Number(),
        CacheWrite1h = reader.Number(),
        CacheWriteOther = reader.Number(),
        Output = reader.Number(),
        Reasoning = reader.Number(),
        ToolUsePrompt = reader.Number(),
        Media = hasMedia ? new MediaUnits(reader.Number(), reader.Number(), reader.Number()) : default,
    };

    private static void WriteAttempt(ref VarWriter writer, in AttemptRecord attempt, in TokenUsage recorded)
    {
        var usage = attempt.Usage == recorded ? AttemptFlags.RecordsUsage
            : attempt.Usage == default ? 0
            : AttemptFlags.OwnUsage;
        writer.Number(attempt.Channel);
        writer.Number(attempt.Status);
        writer.Byte((byte)attempt.Fault);
        writer.Number(attempt.ElapsedMs);
        writer.Byte((byte)attempt.Outcome);
        writer.Number(attempt.PriceVersion);
        var hasMedia = usage == AttemptFlags.OwnUsage && !attempt.Usage.Media.IsEmpty;
        writer.Byte((byte)(usage
            | (attempt.IsCounted ? AttemptFlags.Counted : 0)
            | (hasMedia ? AttemptFlags.Media : 0)));
        writer.Number(attempt.FirstTokenMs + 1);
        if (usage == AttemptFlags.OwnUsage)
        {
            WriteUsage(ref writer, attempt.Usage);
        }
    }

    private static AttemptRecord[] ReadAttempts(ref VarReader reader, byte version, in TokenUsage recorded)
    {
        var count = reader.Byte();
        if (reader.Failed || count > UsageRecord.AttemptsMax)
        {
            reader.Fail();
            return [];
        }

        var attempts = new AttemptRecord[count];
        for (var i = 0; i < count; i++)
        {
            attempts[i] = ReadAttempt(ref reader, version, recorded);
        }

        return attempts;
    }

    private static AttemptRecord ReadAttempt(ref VarReader reader, byte version, in TokenUsage recorded)
    {
        var attempt = new AttemptRecord(reader.Number(), reader.Int(), (AttemptFault)reader.Byte(), reader.Int());
        return version == OldestVersion ? attempt : ReadRest(ref reader, attempt, version, recorded);
    }

    private static AttemptRecord ReadRest(
        ref VarReader reader, AttemptRecord attempt, byte version, in TokenUsage recorded)
    {
        var (outcome, price, flags) = ((Outcome)reader.Byte(), reader.Number(), (AttemptFlags)reader.Byte());
        var firstTokenMs = version >= FirstTokenVersion ? reader.Int() - 1 : -1;
        return attempt with
        {
            Outcome = outcome,
            FirstTokenMs = firstTokenMs,
            PriceVersion = price,
            IsCounted = flags.HasFlag(AttemptFlags.Counted),
            Usage = flags.HasFlag(AttemptFlags.OwnUsage) ? ReadUsage(ref reader, flags.HasFlag(AttemptFlags.Media))
                : flags.HasFlag(AttemptFlags.RecordsUsage) ? recorded
                : default,
        };
    }

    private ref struct VarWriter(Span<byte> destination)
    {
        private readonly Span<byte> _destination = destination;

        public int Length { get; private set; }

        public void Byte(byte value) => _destination[Length++] = value;

        public Span<byte> Take(int count)
        {
            var span = _destination.Slice(Length, count);
            Length += count;
            return span;
        }

        // Every number in a record is zero or positive; a negative one is a bug worth stopping for.
        public void Number(long value)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            var rest = (ulong)value;
            while (rest >= 0x80)
            {
                Byte((byte)(rest | 0x80));
                rest >>= 7;
            }

            Byte((byte)rest);
        }

        // A text that is too long is cut at a character's edge: names are for people, ids that matter are numbers.
        public void Text(string value, int bytesMax)
        {
            var room = _destination.Slice(Length + 1, Math.Min(bytesMax, _destination.Length - Length - 1));
            System.Text.Unicode.Utf8.FromUtf16(value, room, out _, out var written);
            Byte((byte)written);
            Length += written;
        }
    }

    private ref struct VarReader(ReadOnlySpan<byte> source)
    {
        private ReadOnlySpan<byte> _rest = source;

        public bool Failed { get; private set; }

        public readonly bool AtEnd => _rest.IsEmpty;

        public void Fail() => Failed = true;

        public byte Byte()
        {
            var one = Take(1);
            return one.IsEmpty ? (byte)0 : one[0];
        }

        public ReadOnlySpan<byte> Take(int count)
        {
            if (Failed || _rest.Length < count)
            {
                Failed = true;
                return default;
            }

            var span = _rest[..count];
            _rest = _rest[count..];
            return span;
        }

        public long Number()
        {
            ulong value = 0;
            for (var shift = 0; shift < 63; shift += 7)
            {
                var b = Byte();
                value |= (ulong)(b & 0x7F) << shift;
                if (b < 0x80)
                {
                    return (long)value;
                }
            }

            Failed = true;
            return 0;
        }

        public int Int()
        {
            var value = Number();
            Failed |= value > int.MaxValue;
            return Failed ? 0 : (int)value;
        }

        public string Text() => Encoding.UTF8.GetString(Take(Byte()));
    }
}
