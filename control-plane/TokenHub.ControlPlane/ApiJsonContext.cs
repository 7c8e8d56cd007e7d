using System.Text.Json.Serialization;
using TokenHub.ControlPlane.Affinity;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Commands;
using TokenHub.ControlPlane.Events;
using TokenHub.ControlPlane.Health;
using TokenHub.ControlPlane.Keys;
using TokenHub.ControlPlane.Prices;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Quota;
using TokenHub.ControlPlane.Groups;
using TokenHub.ControlPlane.Routing;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Settings;
using TokenHub.ControlPlane.Status;
using TokenHub.ControlPlane.Usage;
using TokenHub.ControlPlane.Users;
using TokenHub.ControlPlane.Accounts;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane;

/// <summary>JSON of the whole API, without reflection; strict in what it reads.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    NumberHandling = JsonNumberHandling.Strict,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    Converters = [typeof(PricePerMillionJson), typeof(UsdJson), typeof(UtcTimeJson)])]
[JsonSerializable(typeof(AffinityRuleView))]
[JsonSerializable(typeof(CreateAffinityRule))]
[JsonSerializable(typeof(Page<AffinityRuleView>))]
[JsonSerializable(typeof(UpdateAffinityRule))]
[JsonSerializable(typeof(ChannelCredential))]
[JsonSerializable(typeof(ChannelTestResult))]
[JsonSerializable(typeof(ChannelView))]
[JsonSerializable(typeof(CreateChannel))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyList<QuotaWindow>))]
[JsonSerializable(typeof(Page<ChannelView>))]
[JsonSerializable(typeof(TestChannel))]
[JsonSerializable(typeof(UpdateChannel))]
[JsonSerializable(typeof(UpstreamModels))]
[JsonSerializable(typeof(FireSale))]
[JsonSerializable(typeof(QuotaView))]
[JsonSerializable(typeof(Surge))]
[JsonSerializable(typeof(RotationResult))]
[JsonSerializable(typeof(WriteOffResult))]
[JsonSerializable(typeof(EventData))]
[JsonSerializable(typeof(RelayedEvent))]
[JsonSerializable(typeof(CreateGroup))]
[JsonSerializable(typeof(GroupView))]
[JsonSerializable(typeof(Page<GroupView>))]
[JsonSerializable(typeof(UpdateGroup))]
[JsonSerializable(typeof(CreateKey))]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(KeyWithSecret))]
[JsonSerializable(typeof(Page<KeyView>))]
[JsonSerializable(typeof(UpdateKey))]
[JsonSerializable(typeof(Page<PriceView>))]
[JsonSerializable(typeof(PutPrice))]
[JsonSerializable(typeof(PutShareOfList))]
[JsonSerializable(typeof(ResolvedPrice))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(ExplainRoute))]
[JsonSerializable(typeof(RouteExplanation))]
[JsonSerializable(typeof(LoginAnswer))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(PasswordChange))]
[JsonSerializable(typeof(ChannelHealthView))]
[JsonSerializable(typeof(Page<ChannelHealthView>))]
[JsonSerializable(typeof(RoutingSettings))]
[JsonSerializable(typeof(RoutingSettingsView))]
[JsonSerializable(typeof(SettingsView))]
[JsonSerializable(typeof(UpdateSettings))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(ReadyView))]
[JsonSerializable(typeof(StatusView))]
[JsonSerializable(typeof(CorrectionView))]
[JsonSerializable(typeof(CreateCorrection))]
[JsonSerializable(typeof(LedgerReport))]
[JsonSerializable(typeof(Page<LedgerEntryView>))]
[JsonSerializable(typeof(Page<RequestView>))]
[JsonSerializable(typeof(RequestDetailView))]
[JsonSerializable(typeof(CreateUser))]
[JsonSerializable(typeof(Page<UserView>))]
[JsonSerializable(typeof(UpdateUser))]
[JsonSerializable(typeof(UserView))]
[JsonSerializable(typeof(CreateCredit))]
[JsonSerializable(typeof(CreditView))]
[JsonSerializable(typeof(WalletView))]
internal sealed partial class ApiJsonContext : JsonSerializerContext;
