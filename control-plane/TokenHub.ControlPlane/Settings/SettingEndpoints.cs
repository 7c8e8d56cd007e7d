using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Prices;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Settings;

/// <summary>Settings of the installation; admins change them.</summary>
internal static class SettingEndpoints
{
    private const string Tag = "settings";

    public static void MapSettings(this RouteGroupBuilder api)
    {
        api.MapGet("/settings", GetAsync).Documented("getSettings", Tag, "Read the settings.");
        api.MapGet("/settings/routing", GetRoutingAsync)
            .Documented("getRoutingSettings", Tag, "Read how channels are chosen and failures borne.");
        api.MapPut("/settings/routing", PutRoutingAsync)
            .Documented("putRoutingSettings", Tag, "Set how channels are chosen and failures borne.", 400, 412);
        api.MapPatch("/settings", UpdateAsync).Documented("updateSettings", Tag, "Change settings.", 400);
    }

    private static async Task<Ok<SettingsView>> GetAsync(
        SettingQueries settings, PriceQueries prices, CancellationToken cancellation) =>
        TypedResults.Ok(await ReadAsync(settings, prices, cancellation));

    private static async Task<Ok<RoutingSettingsView>> GetRoutingAsync(
        HttpContext context, SettingQueries settings, CancellationToken cancellation)
    {
        var (rules, version) = await settings.VersionedRoutingAsync(cancellation);
        VersionTag.Set(context, version);
        return TypedResults.Ok(RoutingSettingRules.View(rules, version));
    }

    private static async Task<Ok<RoutingSettingsView>> PutRoutingAsync(
        JsonBody<RoutingSettings> body,
        Caller caller,
        HttpContext context,
        NpgsqlDataSource database,
        SettingQueries settings,
        ChangeNotices changes,
        CancellationToken cancellation)
    {
        RoutingSettingRules.Check(body.Value);
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            _ = await SettingQueries.SetRoutingAsync(
                transaction, body.Value, VersionTag.Expected(context), cancellation)
                ?? throw RefusedException.VersionMismatch();
            await AuditLog.AddAsync(
                transaction, caller.UserId, "settings.update", "settings", cancellation, AuditLog.Fields(body.Fields));
            await transaction.CommitAsync(cancellation);
        }

        await changes.SettingsChangedAsync();
        return await GetRoutingAsync(context, settings, cancellation);
    }

    private static async Task<Ok<SettingsView>> UpdateAsync(
        JsonBody<UpdateSettings> body,
        Caller caller,
        NpgsqlDataSource database,
        SettingQueries settings,
        PriceQueries prices,
        ChangeNotices changes,
        CancellationToken cancellation)
    {
        if (body.Fields.Count > 0)
        {
            if (body.Value.FallbackPrice is { } rates)
            {
                PriceRules.Check(rates, "fallback_price.");
            }

            PointSetting.Check(body.Value.PointUsd);
            await using var connection = await database.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            if (body.Has("fallback_price"))
            {
                await SetFallbackAsync(transaction, body.Value.FallbackPrice, cancellation);
            }

            if (body.Has("point_usd"))
            {
                await PointSetting.SetAsync(transaction, body.Value.PointUsd, cancellation);
            }

            await AuditLog.AddAsync(
                transaction, caller.UserId, "settings.update", "settings", cancellation, AuditLog.Fields(body.Fields));
            await transaction.CommitAsync(cancellation);
            await changes.SettingsChangedAsync();
        }

        return TypedResults.Ok(await ReadAsync(settings, prices, cancellation));
    }

    private static async Task SetFallbackAsync(
        NpgsqlTransaction transaction, PriceRates? rates, CancellationToken cancellation)
    {
        var row = rates is null
            ? null
            : await PriceQueries.AddAsync(transaction, null, "*", rates, isCurrent: false, cancellation);
        await SettingQueries.SetFallbackPriceAsync(transaction, row?.ToEntry(), cancellation);
    }

    private static async Task<SettingsView> ReadAsync(
        SettingQueries settings, PriceQueries prices, CancellationToken cancellation)
    {
        var fallback = await settings.FallbackPriceAsync(cancellation);
        var row = fallback is null ? null : await prices.FindAsync(fallback.Id, cancellation);
        return new SettingsView
        {
            FallbackPrice = row?.ToView(showsUpstream: true),
            PointUsd = await settings.PointUsdAsync(cancellation),
        };
    }
}
