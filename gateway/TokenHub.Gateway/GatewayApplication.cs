using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding;
using TokenHub.Gateway.Listening;
using TokenHub.Gateway.Metering;
using TokenHub.Gateway.Reservation;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Telemetry;

namespace TokenHub.Gateway;

/// <summary>One request's way through the rooms. Nothing else knows the order; no room calls another.</summary>
// client -> 1 Listening -> 2 Auth -> Affinity -> 3 Routing -> 4 Reservation -> 5 Forwarding -> upstream
// client <----------------------------- 6 Metering (a tap) <------ 5 Forwarding <- upstream
//                            log, Redis, ledger <- 7 Settlement <------ 6 Metering
internal sealed class GatewayApplication(GatewayRooms rooms, ILogger log) : IHttpApplication<Exchange>
{
    public Exchange CreateContext(IFeatureCollection contextFeatures)
    {
        // Kestrel keeps one exchange with each connection.
        var exchange = contextFeatures is IHostContextContainer<Exchange> container
            ? container.HostContext ??= rooms.NewExchange()
            : rooms.NewExchange();
        var now = rooms.Time.GetUtcNow().ToUnixTimeMilliseconds();
        exchange.Open(contextFeatures, rooms.Ids.Next(now), now);
        rooms.Metrics.Entered();
        return exchange;
    }

    public async Task ProcessRequestAsync(Exchange exchange)
    {
        GatewayError error;
        try
        {
            error = await ServeAsync(exchange);
        }
        catch (Exception unexpected) when (unexpected is not OutOfMemoryException)
        {
            GatewayLog.Failed(log, exchange.IdText, unexpected);
            error = new GatewayError(GatewayFault.Internal);
            CloseAfterFailure(exchange);
        }

        if (!error.IsNone)
        {
            NoteRefusal(exchange, error);
            await ErrorWriter.WriteAsync(exchange, error);
        }
    }

    public void DisposeContext(Exchange context, Exception? exception)
    {
        rooms.Metrics.Left();
        var features = context.Features;
        try
        {
            context.Recycle();
        }
        catch (InvalidOperationException leak)
        {
            // The hold stays in the in-flight table and is billed at the next start; the exchange is not used again.
            rooms.Metrics.Leaked();
            GatewayLog.Leaked(log, context.IdText, leak);
            if (features is IHostContextContainer<Exchange> container)
            {
                container.HostContext = null;
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GatewayError> ServeAsync(Exchange exchange)
    {
        // 1. Listening: which call is this? What the gateway answers by itself ends here.
        var error = RequestFront.Open(exchange);
        if (!error.IsNone)
        {
            return error;
        }

        if (exchange.Endpoint >= Endpoint.Health)
        {
            await rooms.Local.AnswerAsync(exchange);
            return default;
        }

        if (rooms.Local.IsDraining)
        {
            return new GatewayError(GatewayFault.Draining);
        }

        // 2. Auth: who is calling? Before the body, for only a known caller may make us keep one.
        var identity = await rooms.Auth.IdentifyAsync(
            exchange.Request.Headers, exchange.Request.QueryString,
            exchange.Features.Get<IHttpConnectionFeature>()?.RemoteIpAddress);
        if (identity.Key is not { } key)
        {
            return identity.ToError();
        }

        exchange.Key = key;
        if (exchange.Endpoint.IsModelList())
        {
            return await rooms.Local.AnswerModelsAsync(exchange);
        }

        // 1, second half. The body, in one scan.
        error = await rooms.Front.ReadAsync(exchange);
        if (!error.IsNone)
        {
            return error;
        }

        // Affinity: which conversation is it of, and where is that at home?
        exchange.Affinity = await rooms.Affinity.FindAsync(exchange, rooms.Snapshots.Current.Settings);

        // 3. Routing: who can serve it, at which price?
        error = Route(exchange);
        if (!error.IsNone)
        {
            return error;
        }

        if (exchange.Endpoint.CountsTokens() && !exchange.Plan[0].Candidate.Counts(exchange.Endpoint, exchange.Dialect))
        {
            await LocalAnswers.AnswerCountAsync(exchange);
            return default;
        }

        // 4. Reservation: nothing is sent that is not paid for.
        error = await HoldAsync(exchange);
        return error.IsNone ? await AnswerOrCountAsync(exchange) : error;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GatewayError> AnswerOrCountAsync(Exchange exchange)
    {
        var error = await AnswerAsync(exchange);
        if (!error.IsNone && exchange.Endpoint.CountsTokens() && error.Fault != GatewayFault.UpstreamRefusedRequest
            && !exchange.HasStarted && !exchange.IsClientGone)
        {
            // Not every server that speaks a dialect counts in it, and a count is not worth an error.
            await LocalAnswers.AnswerCountAsync(exchange);
            return default;
        }

        return error;
    }

    private GatewayError Route(Exchange exchange)
    {
        if (!rooms.Snapshots.IsLoaded)
        {
            return new GatewayError(GatewayFault.NoChannel);
        }

        Span<byte> scratch = stackalloc byte[UsageRecord.ModelBytesMax];
        var model = exchange.Facts.HasModel
            ? exchange.Facts.ModelUtf8(exchange.Body.Span, scratch)
            : scratch[..System.Text.Encoding.UTF8.GetBytes(exchange.Model, scratch)];
        var query = new RoutingQuery(exchange.Dialect, exchange.Group, exchange.Key!, exchange.Endpoint)
        {
            Now = rooms.Time.GetTimestamp(),
            Affinity = exchange.Affinity,
            WaitUnitsPerHour = rooms.Snapshots.Current.Settings.Routing.WaitUnitsPerHour,
            InputTokens = Protocols.Tokens.TokenEstimate.Plain(exchange.Facts.Input, exchange.Dialect),
            OutputTokens = exchange.Facts.MaxOutputTokens ?? rooms.Options.FirstStepTokens,
        };
        var routing = rooms.Picker.Pick(rooms.Snapshots.Current, model, query, exchange.Plan);
        exchange.Model = routing.Route?.Model ?? "";
        if (exchange.Endpoint.CountsTokens())
        {
            CutToCounting(exchange);
        }

        return routing.ToError();
    }

    // Only channels whose upstream counts can take the place of the first.
    private static void CutToCounting(Exchange exchange)
    {
        var plan = exchange.Plan;
        for (var i = 1; i < plan.Count; i++)
        {
            if (!plan[i].Candidate.Counts(exchange.Endpoint, exchange.Dialect))
            {
                plan.Cut(i);
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GatewayError> HoldAsync(Exchange exchange)
    {
        if (!exchange.Endpoint.IsBilled())
        {
            return default;
        }

        if (!rooms.Settler.IsAccepting)
        {
            return new GatewayError(GatewayFault.LogUnavailable);
        }

        var (key, first, tariff) = (exchange.Key!, exchange.Plan[0].Candidate, exchange.Plan[0].Tariff);
        var estimate = exchange.Media is { } media ? CostEstimate.Of(media) : CostEstimate.Of(
            exchange.Facts, exchange.Dialect, exchange.IsStream, exchange.Endpoint.IsPassedOn(),
            rooms.Lengths.StepFor(exchange.Model, key.Id, rooms.Options.FirstStepTokens), rooms.Options);
        var held = await rooms.Reserver.ReserveAsync(exchange.Id, key, estimate, exchange.Plan);
        exchange.RatedTokens = estimate.RatedTokens;
        RateHeaders.Write(exchange, held, rooms.Time.GetUtcNow());
        if (held.Fault != ReservationFault.None)
        {
            if (held.Fault == ReservationFault.Internal)
            {
                GatewayLog.TillConflict(log, exchange.IdText, held.Code.ToString());
            }

            return held.ToError();
        }

        exchange.InputEstimate = exchange.Media?.InputTokens
            ?? Protocols.Tokens.TokenEstimate.Plain(exchange.Facts.Input, exchange.Dialect);
        var open = new OpenRequest(
            exchange.Id, key.Account, key.Id, first.Channel.Id, first.Channel.OwnerAccount, first.Channel.OwnerShareBp,
            tariff, exchange.Dialect, exchange.IsStream, exchange.Model, held.Amount, exchange.InputEstimate,
            exchange.StartedMs) { Media = estimate.Media };
        if (!rooms.Table.TryOpen(open, out var slot))
        {
            rooms.Reserver.Release(exchange.Id, key, exchange.Plan.Group);
            return new GatewayError(GatewayFault.TooManyOpen);
        }

        if (!rooms.Reserver.IsStillHeld(key, held))
        {
            rooms.Table.Release(slot);
            rooms.Reserver.Release(exchange.Id, key, exchange.Plan.Group);
            return new GatewayError(GatewayFault.MoneyUnavailable);
        }

        exchange.Hold.Begin(
            exchange.Id, key, tariff, held.Amount, held.Available,
            estimate.InputTokens, estimate.OutputTokensMax, held.IsLent);
        exchange.BeginHold(slot);
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<GatewayError> AnswerAsync(Exchange exchange)
    {
        var meter = (StreamMeter)exchange.Tap;
        meter.Begin(exchange);
        rooms.Deadlines.Add(exchange.Deadline);
        exchange.WatchClient();
        rooms.Metrics.Admission.Add(exchange.ElapsedMs / 1000.0);
        try
        {
            // 5. Forwarding, with 6. Metering as its tap.
            var result = await rooms.Forwarder.ForwardAsync(exchange);

            // 7. Settlement: before the last bytes, so that whoever has his answer also finds it in his balance.
            Close(exchange, StatusOf(exchange, result));
            rooms.Affinity.Note(exchange);
            if (exchange.Endpoint.CountsTokens() && result.Status is 404 or 405 or 501)
            {
                // A server without such a path.
                return new GatewayError(GatewayFault.UpstreamFailed);
            }

            if (result.IsWhole)
            {
                await WholeAnswer.SendAsync(exchange, result.Status, rooms.Options);
                return default;
            }

            return result.End == AnswerEnd.None ? result.Error : default;
        }
        finally
        {
            rooms.Deadlines.Remove(exchange.Deadline);
            CloseAfterFailure(exchange);
            rooms.Admission.LeaveAll(exchange);
            meter.End();
        }
    }

    private void Close(Exchange exchange, int status)
    {
        var provider = exchange.Serving?.Channel.ProviderName ?? "none";
        if (exchange.State != ExchangeState.Holding)
        {
            rooms.Metrics.RequestEnded(
                exchange.Dialect, exchange.Model, provider, "unbilled", status, exchange.ElapsedMs);
            return;
        }

        var record = FinalRecord.Of(exchange, status);
        rooms.Grace.Charged(exchange.Id, record.Cost);
        rooms.Settler.Close(exchange.EndHold(), record);
        rooms.Reserver.PutRatesRight(exchange.Id, exchange.Plan.Group, record.Usage.Total);
        exchange.Cost = record.Cost;
        rooms.Lengths.Note(record);
        rooms.Metrics.Settled(record);
        rooms.Metrics.RequestEnded(
            exchange.Dialect, exchange.Model, provider, record.Outcome.ToString(), status, record.DurationMs);
        if (log.IsEnabled(LogLevel.Debug))
        {
            GatewayLog.Settled(
                log, exchange.IdText, record.Outcome.ToString(), record.Cost.ToString(), record.DurationMs);
        }
    }

    // Whatever went wrong in the gateway itself, the hold is closed: charged if content was passed on, else refunded.
    private void CloseAfterFailure(Exchange exchange)
    {
        if (exchange.State == ExchangeState.Holding)
        {
            var end = exchange.FirstContentMs >= 0 ? AnswerEnd.UpstreamCut : AnswerEnd.None;
            exchange.Tap.EndAttempt(new AttemptEnd(end, AttemptFault.CutMidStream, 0, 0));
            Close(exchange, 500);
        }
    }

    private static int StatusOf(Exchange exchange, in AttemptResult result) =>
        exchange.HasStarted ? exchange.Response.StatusCode
        : result.End is AnswerEnd.ClientGone or AnswerEnd.Drained ? 0
        : result.IsWhole ? result.Status
        : ErrorWriter.StatusOf(exchange, result.Error);

    private void NoteRefusal(Exchange exchange, in GatewayError error)
    {
        if (error.Fault is GatewayFault.Rate or GatewayFault.Concurrency or GatewayFault.Funds or GatewayFault.KeyCap)
        {
            rooms.Metrics.Limited(error.Fault.ToString().ToLowerInvariant());
        }

        // What held money was counted when it was closed.
        if (exchange.Serving is null && exchange.State != ExchangeState.Closed)
        {
            var status = ErrorWriter.StatusOf(exchange, error);
            rooms.Metrics.RequestEnded(
                exchange.Dialect, exchange.Model, "none", "refused", status, exchange.ElapsedMs);
        }
    }
}
