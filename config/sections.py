"""The sections of coordinators and daemons: one line for each options struct."""

from msgspec import Struct

from ringleader.actors.coordinators.layer1.lifecycle import TaskCoordinatorOptions
from ringleader.actors.coordinators.layer1.limits import GlobalTaskCoordinatorOptions
from ringleader.actors.coordinators.layer2.records import ModelCoordinatorOptions
from ringleader.actors.coordinators.layer3.slots import TrainingCoordinatorOptions
from ringleader.actors.coordinators.layer4.population import QueuePopulatorOptions
from ringleader.actors.coordinators.layer5.orchestration import SelfplayOrchestratorOptions
from ringleader.actors.coordinators.layer5.scheduling import SelfplaySchedulerOptions
from ringleader.actors.daemons.evaluation_rules import EvaluationDaemonOptions
from ringleader.actors.daemons.export_rules import AutoExportOptions, NPZCombinationOptions
from ringleader.actors.daemons.pipeline_rules import DataPipelineOptions
from ringleader.actors.daemons.promotion_rules import AutoPromotionOptions
from ringleader.actors.daemons.training_options import TrainingTriggerOptions


class CoordinatorsOptions(Struct, frozen=True, kw_only=True):
    """One section for each coordinator: `name: ItsOptions = ItsOptions()`."""

    task_coordinator: TaskCoordinatorOptions = TaskCoordinatorOptions()
    global_task_coordinator: GlobalTaskCoordinatorOptions = GlobalTaskCoordinatorOptions()
    model_coordinator: ModelCoordinatorOptions = ModelCoordinatorOptions()
    training_coordinator: TrainingCoordinatorOptions = TrainingCoordinatorOptions()
    queue_populator: QueuePopulatorOptions = QueuePopulatorOptions()
    selfplay_orchestrator: SelfplayOrchestratorOptions = SelfplayOrchestratorOptions()
    selfplay_scheduler: SelfplaySchedulerOptions = SelfplaySchedulerOptions()


class DaemonsOptions(Struct, frozen=True, kw_only=True):
    """One section for each daemon: `name: ItsOptions = ItsOptions()`."""

    auto_export: AutoExportOptions = AutoExportOptions()
    npz_combination: NPZCombinationOptions = NPZCombinationOptions()
    training_trigger: TrainingTriggerOptions = TrainingTriggerOptions()
    evaluation: EvaluationDaemonOptions = EvaluationDaemonOptions()
    auto_promotion: AutoPromotionOptions = AutoPromotionOptions()
    data_pipeline: DataPipelineOptions = DataPipelineOptions()
