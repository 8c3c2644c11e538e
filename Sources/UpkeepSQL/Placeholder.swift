import Upkeep
