using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Failures;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Passes one stream from an upstream to the client, bytes as they were read, flushed per read. Nothing reaches the
/// client before the first content, so that until then another channel can still be tried.
/// </summary>
internal sealed class StreamPump(GatewayOptions options, AnswerTranslations translations)
{
    // One block of Kestrel's pool.
    internal const int ReadBytes = 4 << 10;
    private const int FiltersKeptMax = 256;

    // Behind the end mark only the connection's own end follows; with some upstreams late, or never.
    private static readonly TimeSpan TrailTimeout = TimeSpan.FromSeconds(1);
    private readonly KeptStack<UsageFilter> _filters = new(FiltersKeptMax);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AttemptResult> RunAsync(
        Exchange exchange, UpstreamAnswer answer, bool isLast, CancellationToken stop)
    {
        var run = new Run(exchange, answer, options, stop) { Filter = RentFilter(exchange) };
        run.Held.Clear();
        try
        {
            if (await HoldBackAsync(run, isLast) is { } failed)
            {
                return failed;
            }

            if (run.End != AnswerEnd.ClientGone)
            {
                await PassHeldAsync(run);
                run.Ping?.Begin(exchange, options);
            }

            while (run.End == AnswerEnd.None)
            {
                await PassNextAsync(run);
            }

            if (run.Ping is { } begun)
            {
                await begun.EndAsync();
            }

            if (run.End == AnswerEnd.ClientGone && exchange.IsDraining)
            {
                await StreamDrain.RunAsync(run);
            }

            return await StreamTail.EndAsync(run);
        }
        finally
        {
            run.Held.Dispose();
            run.Rest.Dispose();
            if (run.Ping is { } ping)
            {
                await ping.EndAsync();
            }

            ReturnFilter(exchange, run.Filter);
        }
    }

    // Translates, or takes out what was asked for on the client's behalf; none where the stream passes as it comes.
    private IStreamFilter? RentFilter(Exchange exchange)
    {
        if (exchange.Crossing is { } context)
        {
            return translations.Rent(exchange, context);
        }

        return exchange is not { Dialect: Dialect.Chat, IsStream: true, Facts.IncludeUsage: false } ? null
            : _filters.TryPop(out var filter) ? filter : new UsageFilter();
    }

    private void ReturnFilter(Exchange exchange, IStreamFilter? filter)
    {
        if (filter is AnswerTranslation translation)
        {
            translations.Return(exchange, translation);
        }
        else if (filter is UsageFilter usage)
        {
            usage.Reset();
            _filters.TryPush(usage);
        }
    }

    // Reads until the answer has content. What it returns instead ends the attempt.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<AttemptResult?> HoldBackAsync(Run run, bool isLast)
    {
        var reader = run.Tap.Reader;
        while (!reader.HasContent && !run.IsOutOfMoney && run.Held.Length < run.Options.HeldBackBytesMax)
        {
            var memory = run.Held.GetMemory(ReadBytes);
            var count = await ReadAsync(run, memory);
            if (count > 0)
            {
                run.Held.Advance(await TakeAsync(run, memory[..count]));
            }

            if (count <= 0 || reader.HasError)
            {
                LastOfMoney.Finish(run);
                run.Tap.Complete();
                if (!reader.HasContent || run.Exchange.IsClientGone)
                {
                    return EndedEarly(run, count, isLast);
                }

                // Content, and its end or an error in the same read: the client gets both, and pays for what it got.
                break;
            }

            if (run.Exchange.IsDraining)
            {
                run.End = AnswerEnd.ClientGone;
                return null;
            }
        }

        if (!reader.IsContentBegun && run.End == AnswerEnd.None && !run.IsOutOfMoney)
        {
            // So much of nothing: comments, blank lines, bytes that are no event.
            return AttemptResult.Failed(AttemptFault.BadResponse, GatewayFault.UpstreamFailed, run.Answer.Status);
        }

        run.Exchange.NoteContent();
        return null;
    }

    private static AttemptResult? EndedEarly(Run run, int count, bool isLast)
    {
        var reader = run.Tap.Reader;
        if (run.Exchange.IsClientGone)
        {
            return AttemptResult.ClientGone();
        }

        if (reader.HasError)
        {
            return UpstreamFailures.ReadReported(run.Exchange, reader);
        }

        if (count < 0)
        {
            return run.Exchange.Deadline.Missed != Wait.None
                ? AttemptResult.Failed(AttemptFault.HeadersTimeout, GatewayFault.UpstreamTimeout, run.Answer.Status)
                : AttemptResult.Failed(AttemptFault.CutMidStream, GatewayFault.UpstreamFailed, run.Answer.Status);
        }

        // A proper end with tokens used but nothing said is passed on when nobody else can be asked.
        return isLast && reader.Usage is not null && reader.IsWhole(run.Exchange.UpstreamDialect)
            ? null
            : AttemptResult.Failed(
                reader.Faults.HasFlag(StreamFaults.Malformed) ? AttemptFault.BadResponse : AttemptFault.EmptyAnswer,
                GatewayFault.UpstreamFailed, run.Answer.Status);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask PassHeldAsync(Run run)
    {
        AnswerHead.Write(run.Exchange, run.Answer);
        run.HasStarted = true;
        run.Pass(run.Held.Span);
        run.Held.Dispose();

        // There is no other channel any more, so the request itself is no longer needed.
        run.Exchange.Body.Dispose();
        if (run.End == AnswerEnd.None)
        {
            run.EndHere();
        }

        await FlushAsync(run, run.Stop);
    }

    // The hot path: read into the client's own pipe, count, flush.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask PassNextAsync(Run run)
    {
        run.Exchange.Deadline.Set(Wait.UpstreamBytes, run.IsOver ? TrailTimeout : run.Options.IdleTimeout);

        // Waits without holding memory: of thousands of open streams few have something to say at any moment.
        run.Ping?.BeginWait();
        var waited = await ReadAsync(run, Memory<byte>.Empty);
        if (run.Ping is { } ping)
        {
            await ping.EndWaitAsync();
        }

        if (waited < 0)
        {
            return;
        }

        if (run.Exchange.IsClientGone)
        {
            run.End = AnswerEnd.ClientGone;
            return;
        }

        var memory = run.Filter is null ? run.Writer.GetMemory(ReadBytes) : run.Held.GetMemory(ReadBytes);
        var count = await ReadAsync(run, memory);
        if (count <= 0)
        {
            return;
        }

        var passed = await TakeAsync(run, memory[..count]);
        run.Edge.Pass(memory.Span[..passed]);
        if (run.Filter is null)
        {
            run.Writer.Advance(passed);
        }
        else
        {
            run.Filter.Append(memory.Span[..passed], run.Writer);
            run.Held.Dispose();
        }

        run.EndHere();
        await FlushAsync(run, run.Stop);
    }

    // Bytes read, 0 at the proper end, -1 when the upstream broke off; the run's end is set accordingly.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal static async ValueTask<int> ReadAsync(Run run, Memory<byte> memory)
    {
        try
        {
            var count = await (memory.IsEmpty ? run.Answer.WaitAsync() : run.Answer.ReadAsync(memory));
            if (count == 0 && memory.Length > 0)
            {
                run.HasEnded = true;
                run.End = AnswerEnd.Proper;
            }

            return count;
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            run.End = run.Exchange.IsClientGone ? AnswerEnd.ClientGone : AnswerEnd.UpstreamCut;
            return -1;
        }
    }

    // Shows new bytes to the tap. Returns how many of them the caller passes on: all, but where the money ends.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal static async ValueTask<int> TakeAsync(Run run, Memory<byte> bytes)
    {
        var tap = run.Tap;
        if (!run.IsStopping && (tap.Covers(bytes.Length) || await tap.CoverAsync(bytes.Length)))
        {
            var hadError = tap.Reader.HasError;
            tap.Take(bytes.Span);
            if (hadError || tap.Reader.HasError)
            {
                Redactor.Mask(bytes.Span, run.Exchange.Serving!.Channel);
            }

            return bytes.Length;
        }

        // They pass by another way, or wait: none of them is passed by the caller.
        run.IsStopping = true;
        LastOfMoney.Take(run, bytes.Span);
        return 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal static async ValueTask FlushAsync(Run run, CancellationToken cancellationToken)
    {
        run.Exchange.Deadline.Set(Wait.ClientWrite, run.Options.ClientWriteTimeout);
        try
        {
            var flush = await run.Writer.FlushAsync(cancellationToken);
            if (flush.IsCompleted)
            {
                run.Exchange.OnClientGone();
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            run.Exchange.OnClientGone();
        }

        if (run.Exchange.IsClientGone)
        {
            run.End = AnswerEnd.ClientGone;
        }
    }

    /// <summary>What one pumping needs at hand.</summary>
    internal sealed class Run(Exchange exchange, UpstreamAnswer answer, GatewayOptions options, CancellationToken stop)
    {
        // Fields: they are structs that change.
        public EventEdge Edge;

        public Exchange Exchange { get; } = exchange;

        public UpstreamAnswer Answer { get; } = answer;

        public GatewayOptions Options { get; } = options;

        public CancellationToken Stop { get; } = stop;

        public IAnswerTap Tap { get; } = exchange.Tap;

        public PipeWriter Writer { get; } = exchange.ResponseBody.Writer;

        /// <summary>Bytes kept back before the first content; later the room where a filtered stream is read.</summary>
        public BufferLease Held { get; } = exchange.Answer;

        public IStreamFilter? Filter { get; init; }

        /// <summary>Keeps an Anthropic client's translated stream alive; null for any other.</summary>
        public SilencePing? Ping => Filter is AnswerTranslation translation
            && Exchange is { Dialect: Dialect.Anthropic, IsStream: true } ? translation.Ping : null;

        /// <summary>
        /// The client still waits for the end of a stream whose own end mark has come: his is written behind it.
        /// </summary>
        public bool IsOver =>
            Exchange.IsCrossing && Exchange.UpstreamDialect != Dialect.Gemini && Tap.Reader.IsTerminal;

        public AnswerEnd End { get; set; }

        /// <summary>The upstream closed its answer properly.</summary>
        public bool HasEnded { get; set; }

        /// <summary>There is no more money than is held: from now on <see cref="LastOfMoney"/> decides.</summary>
        public bool IsStopping { get; set; }

        public bool IsOutOfMoney { get; set; }

        /// <summary>The answer's head is written: what passes goes to the client.</summary>
        public bool HasStarted { get; set; }

        /// <summary>The client left: what is read reaches nobody.</summary>
        public bool IsDraining { get; set; }

        /// <summary>The content block that the client sees open, or -1; known where the money ends.</summary>
        public int OpenBlock { get; set; } = -1;

        /// <summary>The number of the last event that the client has seen, where events have one.</summary>
        public long LastSequence { get; set; } = -1;

        /// <summary>The beginning of an event whose end has to be seen before it may pass.</summary>
        public BufferLease Rest { get; } = new();

        /// <summary>Ends the answer where nothing further is for the client, or the money is out.</summary>
        public void EndHere() => End = Filter is { IsThrough: true } ? AnswerEnd.StopSequence
            : IsOutOfMoney ? AnswerEnd.FundsExhausted : End;

        /// <summary>Passes bytes on to the client.</summary>
        public void Pass(ReadOnlySpan<byte> bytes)
        {
            Edge.Pass(bytes);
            if (IsDraining)
            {
                return;
            }

            if (Filter is { } filter)
            {
                filter.Append(bytes, Writer);
            }
            else
            {
                Writer.Write(bytes);
            }
        }
    }
}
