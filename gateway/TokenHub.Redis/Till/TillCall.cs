using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>
/// One call of the till on its way: sends the command, reads the answer, and asks once more where the shard's epoch has
/// risen. What an async method would be, but used again, so that a call allocates nothing.
/// </summary>
internal sealed class TillCall<TCommand> : IValueTaskSource<HoldReply>, IValueTaskSource<TillReply>
    where TCommand : struct, ITillCommand
{
    private const int IdleMax = 1024;
    private static readonly ConcurrentQueue<TillCall<TCommand>> Idle = new();
    private static int _idleCount;

    // Only a reservation can do harm under an epoch that this process took no part in; the others all commute.
    private static bool TakesMoney => typeof(TCommand) == typeof(ReserveCommand);

    private readonly Action _onReply;
    private ManualResetValueTaskSourceCore<TillReply> _source;
    private ConfiguredValueTaskAwaitable<RespReply>.ConfiguredValueTaskAwaiter _reply;
    private Till? _till;
    private TCommand _command;
    private CancellationToken _cancellation;
    private int _shard;
    private long _epoch;

    private TillCall()
    {
        _onReply = OnReply;
    }

    public static ValueTask<HoldReply> HoldAsync(
        Till till, in TCommand command, int shard, CancellationToken cancellationToken)
    {
        var call = Begin(till, command, shard, cancellationToken);
        return new ValueTask<HoldReply>(call, call._source.Version);
    }

    public static ValueTask<TillReply> RunAsync(
        Till till, in TCommand command, int shard, CancellationToken cancellationToken)
    {
        var call = Begin(till, command, shard, cancellationToken);
        return new ValueTask<TillReply>(call, call._source.Version);
    }

    HoldReply IValueTaskSource<HoldReply>.GetResult(short token) => Finish(token).ToHold();

    TillReply IValueTaskSource<TillReply>.GetResult(short token) => Finish(token);

    ValueTaskSourceStatus IValueTaskSource<HoldReply>.GetStatus(short token) => _source.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<TillReply>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<HoldReply>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<TillReply>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private static TillCall<TCommand> Begin(
        Till till, in TCommand command, int shard, CancellationToken cancellationToken)
    {
        if (Idle.TryDequeue(out var call))
        {
            Interlocked.Decrement(ref _idleCount);
        }
        else
        {
            call = new TillCall<TCommand>();
        }

        (call._till, call._command, call._shard, call._cancellation) = (till, command, shard, cancellationToken);
        call.Send();
        return call;
    }

    private void Send()
    {
        _epoch = TakesMoney ? _till!.JoinedEpochOf(_shard) : _till!.EpochOf(_shard);

        // The awaiter is kept as an async method would keep it, and asked once.
#pragma warning disable CA2012
        _reply = _till.SendAsync(_command, _shard, _epoch, _cancellation).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
        if (_reply.IsCompleted)
        {
            OnReply();
        }
        else
        {
            _reply.UnsafeOnCompleted(_onReply);
        }
    }

    // On the thread that received the reply, or wherever the client was told to continue.
    private void OnReply()
    {
        TillReply answer;
        try
        {
            using var reply = _reply.GetResult();
            var reader = reply.Read();
            answer = TillReply.Read(ref reader);
        }
        catch (Exception error)
        {
            _source.SetException(error);
            return;
        }

        if (answer.Code == TillCode.StaleEpoch && _till!.TryAdopt(_shard, _epoch, answer.First)
            && _epoch < (TakesMoney ? _till.JoinedEpochOf(_shard) : answer.First))
        {
            Send();
        }
        else
        {
            _source.SetResult(answer);
        }
    }

    // The one moment at which nobody else holds the call: its result is being taken.
    private TillReply Finish(short token)
    {
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            (_till, _command, _cancellation, _reply) = (null, default, default, default);
            _source.Reset();
            if (Interlocked.Increment(ref _idleCount) <= IdleMax)
            {
                Idle.Enqueue(this);
            }
            else
            {
                Interlocked.Decrement(ref _idleCount);
            }
        }
    }
}
