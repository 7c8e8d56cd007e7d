using Microsoft.AspNetCore.Http.Features;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Gateway.Exchanges;

internal enum ExchangeState : byte
{
    /// <summary>In the pool.</summary>
    Idle = 0,

    /// <summary>A request is being served; it holds no money.</summary>
    Open,

    /// <summary>It holds money and has a slot in the in-flight table.</summary>
    Holding,

    /// <summary>The hold was closed, exactly once.</summary>
    Closed,
}

/// <summary>The state of one request, used again for the next one of the same connection.</summary>
internal sealed class Exchange(IAnswerTap tap, Hold hold, DrainGate drains, TimeProvider time)
{
    private readonly List<AttemptRecord> _attempts = new(RoutingRules.AttemptsLimit);
    private int _keptAttempts;
    private readonly Lock _leave = new();
    private volatile bool _isClientGone;
    private volatile bool _isDraining;
    private bool _mayDrain;
    private CancellationTokenSource? _stop;
    private CancellationTokenRegistration _leaving;

    public ExchangeState State { get; private set; }

    public RequestId Id { get; private set; }

    public string IdText { get; private set; } = "";

    public long StartedMs { get; private set; }

    /// <summary>On the monotonic clock.</summary>
    public long StartedAt { get; private set; }

    public int ElapsedMs => (int)Math.Min(int.MaxValue, time.GetElapsedTime(StartedAt).TotalMilliseconds);

    public IHttpRequestFeature Request { get; private set; } = null!;

    public IHttpResponseFeature Response { get; private set; } = null!;

    public IHttpResponseBodyFeature ResponseBody { get; private set; } = null!;

    public IHttpRequestLifetimeFeature Lifetime { get; private set; } = null!;

    public IFeatureCollection Features { get; private set; } = null!;

    public Endpoint Endpoint { get; set; }

    /// <summary>The client's protocol: what he is told has its shape.</summary>
    public Dialect Dialect { get; set; }

    /// <summary>The protocol spoken to the channel being tried, or that served.</summary>
    public Dialect UpstreamDialect { get; private set; }

    /// <summary>The channel speaks another protocol than the client: request and answer are translated.</summary>
    public bool IsCrossing => UpstreamDialect != Dialect;

    /// <summary>What the translation of the answer has to know, while one is needed; else null.</summary>
    public AnswerContext? Crossing { get; set; }

    /// <summary>What of the request the attempt leaves out, as its header says it; empty for nothing.</summary>
    public string Dropped { get; set; } = "";

    /// <summary>The channel group that the path names, or null.</summary>
    public string? Group { get; set; }

    /// <summary>The caller wants the answer in pieces.</summary>
    public bool IsStream { get; set; }

    /// <summary>A Gemini stream as one JSON array: no <c>alt=sse</c> was asked for.</summary>
    public bool IsArrayStream { get; set; }

    /// <summary>The upstream, too, answers with one array.</summary>
    public bool IsUpstreamArray => IsArrayStream && !IsCrossing;

    public BufferLease Body { get; } = new();

    public RequestFacts Facts { get; set; }

    /// <summary>What is known of a call for pictures or sound; null for any other.</summary>
    public MediaCall? Media { get; set; }

    /// <summary>The name asked for.</summary>
    public string Model { get; set; } = "";

    public KeyEntry? Key { get; set; }

    /// <summary>The channels that may serve it, in order.</summary>
    public RoutePlan Plan { get; } = new();

    /// <summary>The places that it has at channels, and which steps of the plan it has been at.</summary>
    public HeldPlaces Places { get; } = new();

    /// <summary>The conversation it belongs to.</summary>
    public AffinityMatch Affinity { get; set; }

    /// <summary>The channel being tried, or that served.</summary>
    public Candidate? Serving { get; private set; }

    /// <summary>The price at which the channel being tried is charged, or the first one's before.</summary>
    public Tariff Tariff { get; private set; }

    /// <summary>Input tokens as the gateway guesses them, for when the upstream says nothing.</summary>
    public long InputEstimate { get; set; }

    /// <summary>Tokens that it counts for in rates, until it is known what it used.</summary>
    public long RatedTokens { get; set; }

    public Hold Hold { get; } = hold;

    public InFlightSlot? Slot { get; private set; }

    public IAnswerTap Tap { get; } = tap;

    public Deadline Deadline { get; } = new();

    /// <summary>An answer that is relayed whole, with its type.</summary>
    public BufferLease Answer { get; } = new();

    public string AnswerType { get; set; } = "";

    /// <summary>When the first content was passed on, or was there to be; -1 before.</summary>
    public int FirstContentMs { get; private set; }

    /// <summary>Is told of the first content of the attempt under way.</summary>
    public IContentWatch? Watch { get; set; }

    /// <summary>The charge, once it is known.</summary>
    public Usd Cost { get; set; }

    public IReadOnlyList<AttemptRecord> Attempts => _attempts;

    public bool IsClientGone => _isClientGone;

    /// <summary>The client left, and the answer is read on to learn what it costs.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>The same of the attempt that is over.</summary>
    public bool WasDrained { get; private set; }

    public bool HasStarted => Response.HasStarted;

    public void Open(IFeatureCollection features, RequestId id, long startedMs)
    {
        Require(ExchangeState.Idle);
        State = ExchangeState.Open;
        Features = features;
        (Id, IdText, StartedMs, StartedAt) = (id, id.ToString(), startedMs, time.GetTimestamp());
        Request = features.GetRequiredFeature<IHttpRequestFeature>();
        Response = features.GetRequiredFeature<IHttpResponseFeature>();
        ResponseBody = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        Lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        FirstContentMs = -1;
    }

    /// <summary>Money is held for this request from now on, and must be closed.</summary>
    public void BeginHold(InFlightSlot slot)
    {
        Require(ExchangeState.Open);
        State = ExchangeState.Holding;
        Slot = slot;
    }

    /// <summary>The hold is handed to the settlement: the second time is a bug that would charge twice.</summary>
    public InFlightSlot EndHold()
    {
        Require(ExchangeState.Holding);
        State = ExchangeState.Closed;
        var slot = Slot!;
        Slot = null;
        return slot;
    }

    /// <summary>Keeps the in-flight table up to date, for the case of a crash.</summary>
    public void NoteProgress(long inputTokens, long outputTokens) =>
        Slot?.Progress(inputTokens, outputTokens, Hold.Amount);

    /// <summary>From now on the client's leaving stops what is done for it.</summary>
    public void WatchClient() => _leaving = Lifetime.RequestAborted.UnsafeRegister(
        static state => ((Exchange)state!).OnClientGone(), this);

    /// <summary>
    /// Turns to a channel. False when the next one cannot be taken on, because the in-flight table is full.
    /// </summary>
    public bool BeginAttempt(in RouteStep step, CancellationTokenSource stop)
    {
        var (candidate, tariff) = (step.Candidate, step.Tariff);
        if ((Serving is not null || candidate != Plan[0].Candidate) && Slot is { } slot)
        {
            var channel = candidate.Channel;
            var moved = slot.MoveTo(channel.Id, channel.OwnerAccount, channel.OwnerShareBp, tariff);
            if (moved is null)
            {
                return false;
            }

            Slot = moved;
            KeepAttempts();
            Hold.MoveTo(tariff, InputEstimate);
        }

        (Serving, Tariff, UpstreamDialect) = (candidate, tariff, candidate.UpstreamDialect(Endpoint, Dialect));
        (Crossing, Dropped) = (null, "");
        Deadline.Begin(stop);
        lock (_leave)
        {
            _stop = stop;
        }

        if (_isClientGone)
        {
            stop.Cancel();
        }

        return true;
    }

    /// <summary>The upstream has begun to answer: by its channel's policy it may now be read on to the end.</summary>
    public void NoteUpstreamBegan() =>
        _mayDrain = State == ExchangeState.Holding && Serving!.Channel.OnClientAbort == AbortPolicy.Drain;

    /// <summary>The answer has content: it is passed on from now on.</summary>
    public void NoteContent()
    {
        FirstContentMs = ElapsedMs;
        Watch?.ContentBegun();
    }

    /// <summary>
    /// Speaks to a channel for a while, as it has to be for writing its request and reading its answer. Slot, hold and
    /// price stay with the attempt that was begun.
    /// </summary>
    public void TurnTo(Candidate candidate, AnswerContext? crossing, string dropped) =>
        (Serving, UpstreamDialect, Crossing, Dropped) =
        (candidate, candidate.UpstreamDialect(Endpoint, Dialect), crossing, dropped);

    /// <summary>The attempt is over. The second time does nothing.</summary>
    public void EndAttempt()
    {
        lock (_leave)
        {
            if (_isDraining)
            {
                drains.Leave(_stop!);
            }

            (_stop, _isDraining, _mayDrain) = (null, false, false);
        }
    }

    public void AddAttempt(in AttemptRecord attempt) => _attempts.Add(attempt);

    /// <summary>
    /// Writes attempts that are over beside the open request: after a crash they have their rows all the same.
    /// </summary>
    public void KeepAttempts()
    {
        for (; Slot is { } slot && _keptAttempts < _attempts.Count; _keptAttempts++)
        {
            slot.Keep(_keptAttempts, _attempts[_keptAttempts]);
        }
    }

    /// <summary>The client left, or does not take what it is sent.</summary>
    public void OnClientGone()
    {
        CancellationTokenSource? stop;
        lock (_leave)
        {
            stop = _stop;
            if (_mayDrain && !_isDraining && stop is not null && drains.TryEnter(stop))
            {
                (_isDraining, WasDrained) = (true, true);
            }

            // Last: who sees that the client is gone must also see what becomes of the answer.
            _isClientGone = true;
        }

        if (!_isDraining)
        {
            stop?.Cancel();
        }
    }

    /// <summary>Makes the exchange new. Throws when a hold was never closed: it is not to be used again then.</summary>
    public void Recycle()
    {
        _leaving.Dispose();
        _leaving = default;
        if (State is ExchangeState.Holding or ExchangeState.Idle)
        {
            throw new InvalidOperationException($"A request ended in state {State}.");
        }

        State = ExchangeState.Idle;
        Body.Dispose();
        Answer.Dispose();
        _attempts.Clear();
        _keptAttempts = 0;
        (_isClientGone, _stop, WasDrained, Watch) = (false, null, false, null);
        (Group, Key, Serving, Slot, Tariff, Affinity) = (null, null, null, null, default, default);
        Plan.Clear();
        Places.Clear();
        (Model, AnswerType, Facts) = ("", "", default);
        (IsStream, IsArrayStream, InputEstimate, RatedTokens, Cost) = (false, false, 0, 0, Usd.Zero);
        (Endpoint, Dialect, UpstreamDialect) = (Endpoint.Unknown, Dialect.None, Dialect.None);
        (Crossing, Dropped, Media) = (null, "", null);
        (Request, Response, ResponseBody, Lifetime, Features) = (null!, null!, null!, null!, null!);
    }

    private void Require(ExchangeState state)
    {
        if (State != state)
        {
            throw new InvalidOperationException($"A request is in state {State} where it must be {state}.");
        }
    }
}
